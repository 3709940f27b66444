#!/usr/bin/env node
// Makes what is released. `pnpm release --help` says how.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { makeHubPackage } from './hub-package.js';
import { makeWheel } from './python-wheel.js';
import { makeSdkPackage } from './sdk-package.js';
import { ROOT, VERSION } from './sources.js';

const USAGE = `usage: pnpm release [--dry-run] [--out DIR] [NAME…]

Makes the packages of version ${VERSION} and prints their sizes and SHA-256 hashes.
  NAME        hub, sdk or wheel (default: all)
  --out DIR   where to put them (default: ./dist)
  --dry-run   make and check them in a temporary folder, and keep nothing`;

/** Each artefact with the most bytes that it may have, packed. */
const ARTEFACTS = [
  { name: 'hub', maxBytes: 3_000_000, make: makeHubPackage },
  { name: 'sdk', maxBytes: 200_000, make: makeSdkPackage },
  { name: 'wheel', maxBytes: 200_000, make: makeWheel },
];

/** Fails if the CHANGELOG has no section of this version: nothing is released without one. */
function checkChangelog() {
  const changelog = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8');
  if (changelog.includes(`\n## [${VERSION}]`)) return;
  throw new Error(`CHANGELOG.md has no section "## [${VERSION}]": write it, or change "version" in package.json`);
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { 'dry-run': { type: 'boolean' }, out: { type: 'string', default: 'dist' }, help: { type: 'boolean' } },
  });
  if (values.help) return console.log(USAGE);
  const unknown = positionals.find((name) => !ARTEFACTS.some((artefact) => artefact.name === name));
  if (unknown !== undefined) throw new Error(`${unknown} is not hub, sdk or wheel`);
  const wanted = ARTEFACTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  checkChangelog();
  const work = mkdtempSync(join(tmpdir(), 'auralis-release-'));
  const out = values['dry-run'] ? work : resolve(values.out);
  mkdirSync(out, { recursive: true });
  try {
    for (const { name, maxBytes, make } of wanted) {
      const path = await make(work, out);
      const { size } = statSync(path);
      const hash = createHash('sha256').update(readFileSync(path)).digest('hex');
      console.log(`${name}: ${basename(path)}, ${size.toLocaleString('en-GB')} bytes, sha256 ${hash}`);
      if (size > maxBytes) throw new Error(`${basename(path)} has ${size} bytes, and ${maxBytes} are allowed`);
    }
    if (!values['dry-run']) console.log(`in ${out}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  console.error(`release: ${error.message}`);
  process.exitCode = 1;
}
