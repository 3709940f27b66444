/** WebSocket frames as a client sends them (RFC 6455), made before the clock runs. */

export const OPCODE = { TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;

/** Length of the header of a masked frame of `length` bytes. */
export function headerLength(length: number): number {
  return (length < 126 ? 2 : length < 65_536 ? 4 : 10) + 4;
}

/**
 * A whole frame. The mask is 0: the server unmasks it like any other at the same cost, and the load process can patch
 * the payload in place.
 */
export function clientFrame(opcode: number, payload: Uint8Array): Buffer {
  const header = headerLength(payload.length);
  const frame = Buffer.alloc(header + payload.length);
  frame[0] = 0x80 | opcode;
  if (payload.length < 126) frame[1] = 0x80 | payload.length;
  else if (payload.length < 65_536) {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(payload.length, 2);
  } else {
    frame[1] = 0x80 | 127;
    frame.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  frame.set(payload, header);
  return frame;
}

export const textFrame = (text: string) => clientFrame(OPCODE.TEXT, Buffer.from(text));
export const binaryFrame = (bytes: Uint8Array) => clientFrame(OPCODE.BINARY, bytes);
