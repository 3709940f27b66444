import { OP } from '@auralis/shared';
import { binaryFrame } from './frames.js';

/** Where `channel`, with its type byte, begins in a frame of the live protocol; it is always five bytes long. */
const CHANNEL_AT = 2;
const SOURCE_AT = 7;

/**
 * The ACK of a SNAPSHOT or DELTA, as a whole frame; null for anything else. Channel, source and seq stand side by side in
 * the one and in the other, so their bytes are copied as they are.
 */
export function writeAck(head: Uint8Array): Buffer | null {
  const opcode = head[1];
  if (opcode !== OP.SNAPSHOT && opcode !== OP.DELTA) return null;
  const sourceEnd = endOfString(head, SOURCE_AT);
  const end = endOfNumber(head, sourceEnd);
  if (end > head.length) return null;
  const payload = new Uint8Array(2 + end - CHANNEL_AT);
  payload[0] = 0x94;
  payload[1] = OP.ACK;
  payload.set(head.subarray(CHANNEL_AT, end), 2);
  return binaryFrame(payload);
}

function endOfString(head: Uint8Array, at: number): number {
  const code = head[at] as number;
  return code === 0xd9 ? at + 2 + (head[at + 1] as number) : at + 1 + (code & 0x1f);
}

function endOfNumber(head: Uint8Array, at: number): number {
  const code = head[at] as number;
  if (code < 0x80) return at + 1;
  return at + 1 + (code === 0xcc ? 1 : code === 0xcd ? 2 : code === 0xce ? 4 : 8);
}
