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
const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
// Whatever tests and their hubs leave behind, those too that were killed, goes with this folder.
const folder = mkdtempSync(join(tmpdir(), 'auralis-test-'));
// Some tests start a hub as another user, who must find its data directory in there.
chmodSync(folder, 0o711);

// Most of the time a suite waits for a hub: on two cores two of them go on at once, where jest by itself runs one.
const TWO = ['--maxWorkers', '2'];
const ONE = ['--runInBand'];
/** Long suites that keep no core busy and judge no time. */
const MOSTLY_WAIT =
  '(chunk-lengths|clock|damage|damaged-stores|disk|engine-seat|honesty|killed-stores|node-versions|notify|prometheus-token|token-end|ways-in)';

/** Arguments of jest, for one run after another. */
function runs() {
  if (slow === undefined) {
    const scope = patterns.length > 0 ? ['--testPathPatterns', ...patterns] : [];
    return [[...TWO, '--testPathIgnorePatterns', '/dist/(long|soak)/', ...scope]];
  }
  const scope = (patterns.length > 0 ? patterns : ['']).map((pattern) => `/dist/${slow}/.*${pattern}`);
  if (slow === 'soak' || patterns.length > 0) return [[...ONE, '--testPathPatterns', ...scope]];
  const waiting = `/dist/long/${MOSTLY_WAIT}\\.test`;
  return [
    [...TWO, '--testPathPatterns', waiting],
    [...ONE, '--testPathPatterns', ...scope, '--testPathIgnorePatterns', waiting],
  ];
}

let failed = 0;
for (const run of runs()) {
  const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest];
  const options = {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: 'inherit',
    env: { ...process.env, TMPDIR: folder },
  };
  const { status } = spawnSync(process.execPath, [...node, ...run], options);
  failed ||= status ?? 1;
}
rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
process.exit(failed);
