import { crc32 } from 'node:zlib';

/** Bytes in front of each payload: magic, length, number, CRC-32 of the payload, CRC-32 of these 16 bytes. */
export const HEADER_BYTES = 20;
/** UTF-8 never contains 0xff, so no JSON text holds the start of a record. */
const MAGIC = Buffer.from([0xff, 0x41, 0x48, 0x01]);

/** A damaged place in a file. */
export interface DamagedPlace {
  readonly at: number;
  readonly bytes: number;
  /** Records that are missing there; at the end of a file at least this many. */
  readonly records: number;
}

/** Findings of reading a file of records, without the records. */
export interface Reading {
  readonly damaged: readonly DamagedPlace[];
  /** Where the last good record ends. */
  readonly end: number;
  /** Number of the next record. */
  readonly next: number;
  /** Whether the file ends in a record that was not written to its end. */
  readonly isTorn: boolean;
}

/** Return a record. Records of a file are numbered from 0, so that missing ones show. */
export function encodeRecord(number: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((total, part) => total + part.length, 0);
  const record = Buffer.allocUnsafe(HEADER_BYTES + length);
  let at = HEADER_BYTES;
  for (const part of parts) {
    record.set(part, at);
    at += part.length;
  }
  MAGIC.copy(record);
  record.writeUInt32LE(length, 4);
  record.writeUInt32LE(number, 8);
  record.writeUInt32LE(crc32(record.subarray(HEADER_BYTES)), 12);
  record.writeUInt32LE(crc32(record.subarray(0, 16)), 16);
  return record;
}

/** Return the payload of the record that fills `bytes`; null if it is damaged. */
export function decodeRecord(bytes: Buffer): Buffer | null {
  const length = payloadLength(bytes, 0);
  if (length === null || HEADER_BYTES + length > bytes.length) return null;
  return isWhole(bytes, 0, length) ? bytes.subarray(HEADER_BYTES, HEADER_BYTES + length) : null;
}

/**
 * Read a file of records. `take` gets the payload of each good record and where that record starts. Damaged bytes are
 * skipped up to the next good record: nothing in the file makes this throw.
 */
export function readRecords(bytes: Buffer, take: (payload: Buffer, at: number) => void): Reading {
  const damaged: DamagedPlace[] = [];
  let end = 0;
  let next = 0;
  for (let at = nextRecord(bytes, 0); at !== null; at = nextRecord(bytes, end)) {
    const number = bytes.readUInt32LE(at + 8);
    const length = bytes.readUInt32LE(at + 4);
    const isLate = number < next;
    if (at > end || number !== next) damaged.push({ at: end, bytes: at - end, records: isLate ? 0 : number - next });
    end = at + HEADER_BYTES + length;
    // An old copy of a block repeats records of this file: the first of each number counts.
    if (isLate) continue;
    next = number + 1;
    take(bytes.subarray(at + HEADER_BYTES, end), at);
  }
  const isTorn = end < bytes.length && isUnfinished(bytes, end);
  if (end < bytes.length && !isTorn) damaged.push({ at: end, bytes: bytes.length - end, records: 1 });
  return { damaged, end, next, isTorn };
}

/** Describe damaged places for people, behind the name of their file. */
export function describeDamage(places: readonly DamagedPlace[]): string {
  const [first] = places;
  if (first === undefined) return 'is not damaged';
  const records = places.reduce((total, place) => total + place.records, 0);
  const lost = records === 1 ? '1 record is' : `${records} records are`;
  const rest = places.length > 1 ? ` and in ${places.length - 1} more places` : '';
  return `is damaged at byte ${first.at}${rest}: ${lost} lost`;
}

/** Where the next good record starts, from `from` on; null: none follows. */
function nextRecord(bytes: Buffer, from: number): number | null {
  for (let at = bytes.indexOf(MAGIC, from); at >= 0; ) {
    const length = payloadLength(bytes, at);
    const isKnown = length !== null && at + HEADER_BYTES + length <= bytes.length;
    if (isKnown && isWhole(bytes, at, length)) return at;
    // Skip a damaged payload whole: a stranger may have put the bytes of a record into it.
    at = bytes.indexOf(MAGIC, isKnown ? at + HEADER_BYTES + length : at + 1);
  }
  return null;
}

/** Return the good header at `at`; null: there is none. */
function payloadLength(bytes: Buffer, at: number): number | null {
  if (at + HEADER_BYTES > bytes.length || bytes.compare(MAGIC, 0, MAGIC.length, at, at + MAGIC.length) !== 0)
    return null;
  return crc32(bytes.subarray(at, at + 16)) === bytes.readUInt32LE(at + 16) ? bytes.readUInt32LE(at + 4) : null;
}

function isWhole(bytes: Buffer, at: number, length: number): boolean {
  const payload = bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
  return crc32(payload) === bytes.readUInt32LE(at + 12);
}

/** Whether the end of a file is one record that a crash cut short, or room that was never written. */
function isUnfinished(bytes: Buffer, at: number): boolean {
  const tail = bytes.subarray(at);
  if (tail.length < HEADER_BYTES) {
    const known = Math.min(tail.length, MAGIC.length);
    if (tail.compare(MAGIC, 0, known, 0, known) === 0) return true;
  } else if (payloadLength(bytes, at) !== null) return HEADER_BYTES + bytes.readUInt32LE(at + 4) > tail.length;
  return tail.every((byte) => byte === 0);
}
