#!/usr/bin/env node
// Run the tests: `node test/run.js [--long | --soak] [pattern…]`. Without a flag, all but `long/` and `soak/`.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const args = process.argv.slice(2);
const folderOf = { '--long': 'long', '--soak': 'soak' };
const slow = folderOf[args.find((arg) => arg in folderOf)];
const patterns = args.filter((arg) => !(arg in folderOf));
const scope = slow ? (patterns.length > 0 ? patterns : ['']).map((pattern) => `/dist/${slow}/.*${pattern}`) : patterns;
const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
// Whatever tests and their hubs leave behind, those too that were killed, goes with this folder.
const folder = mkdtempSync(join(tmpdir(), 'auralis-test-'));
// Some tests start a hub as another user, who must find its data directory in there.
chmodSync(folder, 0o711);
const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    jest,
    // Most of the time a suite waits for a hub: on two cores two of them go on at once, where jest by itself runs one.
    ...(slow ? ['--runInBand'] : ['--maxWorkers', '2', '--testPathIgnorePatterns', '/dist/(long|soak)/']),
    ...(scope.length > 0 ? ['--testPathPatterns', ...scope] : []),
  ],
  { cwd: fileURLToPath(new URL('.', import.meta.url)), stdio: 'inherit', env: { ...process.env, TMPDIR: folder } },
);
rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
process.exit(status ?? 1);
