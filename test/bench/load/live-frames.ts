import { OP } from '@auralis/shared';
import { binaryFrame } from './frames.js';

/** Where `channel`, with its type byte, begins in a frame of the live protocol; it is always five bytes long. */
const CHANNEL_AT = 2;
const SOURCE_AT = 7;

/**
 * Reads what a dashboard must read of its frames, from their first bytes alone: that none is missing, and what to
 * confirm.
 */
export class LiveReader {
  #seq = -1;

  /**
   * Whether this frame follows the last one; false too for word of the hub that it skipped some. True for anything
   * else.
   */
  follows(head: Uint8Array): boolean {
    const opcode = head[1];
    if (opcode === OP.BEHIND) return false;
    if (opcode !== OP.SNAPSHOT && opcode !== OP.DELTA) return true;
    const seq = numberAt(head, endOfString(head, SOURCE_AT));
    const follows = opcode === OP.SNAPSHOT || seq === this.#seq + 1;
    this.#seq = seq;
    return follows;
  }

  /**
   * The ACK of a SNAPSHOT or DELTA, as a whole WebSocket frame; null for anything else. Channel, source and seq stand
   * side by side in the one and in the other, so their bytes are copied as they are.
   */
  ack(head: Uint8Array): Buffer | null {
    const opcode = head[1];
    if (opcode !== OP.SNAPSHOT && opcode !== OP.DELTA) return null;
    const seqAt = endOfString(head, SOURCE_AT);
    const end = seqAt + numberLength(head[seqAt] as number);
    const payload = new Uint8Array(2 + end - CHANNEL_AT);
    payload[0] = 0x94;
    payload[1] = OP.ACK;
    payload.set(head.subarray(CHANNEL_AT, end), 2);
    return binaryFrame(payload);
  }
}

function endOfString(head: Uint8Array, at: number): number {
  const code = head[at] as number;
  return code === 0xd9 ? at + 2 + (head[at + 1] as number) : at + 1 + (code & 0x1f);
}

/** Bytes of a MessagePack number that is not negative. */
function numberLength(code: number): number {
  if (code < 0x80) return 1;
  return 1 + (code === 0xcc ? 1 : code === 0xcd ? 2 : code === 0xce ? 4 : 8);
}

function numberAt(head: Uint8Array, at: number): number {
  const code = head[at] as number;
  const length = numberLength(code);
  if (length === 1) return code;
  const view = new DataView(head.buffer, head.byteOffset);
  if (length === 9) return view.getFloat64(at + 1);
  let value = 0;
  for (let index = 1; index < length; index++) value = value * 256 + (head[at + index] as number);
  return value;
}
