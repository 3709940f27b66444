/**
 * `pnpm generate`: writes what is made from the catalogue and the built-in rules. A test fails where it was
 * forgotten.
 */
import { writeFileSync } from 'node:fs';
import { OUTPUTS, pathOf } from './outputs.js';

for (const { path, text } of OUTPUTS) {
  writeFileSync(pathOf(path), text());
  process.stdout.write(`${path}\n`);
}
