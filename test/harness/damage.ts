import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';

type Random = () => number;

const below = (random: Random, limit: number) => Math.floor(random() * limit);
/** A few bytes, a sector, a page. */
const EXTENTS = [1, 8, 64, 512, 4096];

/** Flips 1 to 20 bits. */
export function flip(path: string, random: Random): void {
  const bytes = readFileSync(path);
  for (let left = 1 + below(random, 20); left > 0 && bytes.length > 0; left--) {
    const at = below(random, bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 << below(random, 8));
  }
  writeFileSync(path, bytes);
}

/** Writes random bytes into a file: one to 50 times, to places that `random` says. */
function scribble(path: string, random: Random): void {
  const bytes = readFileSync(path);
  const times = [1, 1, 3, 10, 50][below(random, 5)] as number;
  const extent = EXTENTS[below(random, EXTENTS.length)] as number;
  for (let n = 0; n < times; n++) {
    const at = below(random, Math.max(1, bytes.length - extent));
    for (let place = at; place < Math.min(at + extent, bytes.length); place++) bytes[place] = below(random, 256);
  }
  writeFileSync(path, bytes);
}

/** Sectors that were never written, or were lost. */
export function blank(path: string, random: Random): void {
  const bytes = readFileSync(path);
  const at = below(random, bytes.length);
  const extent = EXTENTS[below(random, EXTENTS.length)] as number;
  bytes.fill(0, at, Math.min(at + extent, bytes.length));
  writeFileSync(path, bytes);
}

/** Cuts a file off. */
export function cut(path: string, part: number): void {
  truncateSync(path, Math.floor(readFileSync(path).length * part));
}

/** All kinds of damage. `isCut`: what is lost lies at the end, as after a crash. */
export const DAMAGES: readonly { name: string; isCut: boolean; damage: (path: string, random: Random) => void }[] = [
  { name: 'flipped bits', isCut: false, damage: flip },
  { name: 'random bytes', isCut: false, damage: scribble },
  { name: 'lost sectors', isCut: false, damage: blank },
  { name: 'a cut', isCut: true, damage: (path, random) => cut(path, random()) },
  {
    name: 'bytes behind its end',
    isCut: false,
    damage: (path, random) => appendFileSync(path, Buffer.from(Array.from({ length: 100 }, () => below(random, 256)))),
  },
  { name: 'nothing in it', isCut: false, damage: (path) => truncateSync(path, 0) },
  { name: 'no file', isCut: false, damage: (path) => rmSync(path) },
];
