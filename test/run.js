#!/usr/bin/env node
// Runs the tests: `node test/run.js [--long] [pattern…]`. Without --long, all but `long/`.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const args = process.argv.slice(2);
const long = args.includes('--long');
const patterns = args.filter((arg) => arg !== '--long');
const scope = long ? (patterns.length > 0 ? patterns : ['']).map((pattern) => `/dist/long/.*${pattern}`) : patterns;
const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    jest,
    ...(long ? ['--runInBand'] : ['--testPathIgnorePatterns', '/dist/long/']),
    ...(scope.length > 0 ? ['--testPathPatterns', ...scope] : []),
  ],
  { cwd: fileURLToPath(new URL('.', import.meta.url)), stdio: 'inherit' },
);
process.exit(status ?? 1);
