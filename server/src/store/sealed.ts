import { crc32 } from 'node:zlib';

/** A stored value is not what was stored. */
export class DamagedValueError extends Error {
  override readonly name = 'DamagedValueError';
}

/** Never in JSON as it is written here, so what was stored without a seal is known by having none. */
const SEAL = '\t';
const SEAL_LENGTH = SEAL.length + 8;

/** The value as JSON, and behind it a checksum of its key and itself: a disk that flips a bit is found out. */
export function seal(key: unknown, value: unknown): string {
  const json = JSON.stringify(value);
  return `${json}${SEAL}${checksum(key, json)}`;
}

/** @throws DamagedValueError */
export function unseal<Value>(key: unknown, sealed: string): Value {
  const at = sealed.length - SEAL_LENGTH;
  const isSealed = at > 0 && sealed[at] === SEAL;
  const json = isSealed ? sealed.slice(0, at) : sealed;
  if (isSealed && sealed.slice(at + SEAL.length) !== checksum(key, json)) throw damaged(key);
  try {
    return JSON.parse(json) as Value;
  } catch {
    throw damaged(key);
  }
}

function checksum(key: unknown, json: string): string {
  return crc32(json, crc32(JSON.stringify(key)))
    .toString(16)
    .padStart(8, '0');
}

const damaged = (key: unknown) => new DamagedValueError(`the value of ${JSON.stringify(key)} is not what was stored`);
