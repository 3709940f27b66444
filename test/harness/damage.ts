import { closeSync, fstatSync, openSync, truncateSync, writeSync } from 'node:fs';

/** A few bytes of a database, some of its pages, or the pages that say what it is. */
const EXTENTS = [1, 8, 64, 4096];
const HEAD_BYTES = 2 * 4096;

/** Writes random bytes into a file: one to 50 times, to places that `random` says. */
export function scribble(path: string, random: () => number): void {
  const file = openSync(path, 'r+');
  const { size } = fstatSync(file);
  const below = (limit: number) => Math.floor(random() * limit);
  const times = [1, 1, 3, 10, 50][below(5)] as number;
  const extent = EXTENTS[below(EXTENTS.length)] as number;
  for (let n = 0; n < times; n++) {
    const bytes = Uint8Array.from({ length: extent }, () => below(256));
    writeSync(file, bytes, 0, extent, below(random() < 0.2 ? HEAD_BYTES : size - extent));
  }
  closeSync(file);
}

/** Cuts a file off. */
export function cut(path: string, part: number): void {
  const file = openSync(path, 'r');
  const { size } = fstatSync(file);
  closeSync(file);
  truncateSync(path, Math.floor(size * part));
}
