import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from '../harness/hub.js';

const biome = createRequire(`${ROOT}package.json`).resolve('@biomejs/biome/bin/biome');

const FORBIDDEN = [
  ['shared/src', '@auralis/server'],
  ['shared/src', 'node:fs'],
  ['client/src', '@auralis/server/hub'],
  ['client/dashboard', '@auralis/server'],
  ['client/dashboard/model', '@auralis/server'],
  ['client/dashboard/model', 'preact/hooks'],
  ['client/dashboard/model', '../view/cell.js'],
  ['server/src/relay', '@auralis/client'],
  ['server/src/http', '../hub.js'],
  ['server/src/transport', '../relay/relay.js'],
  ['server/src/transport', '../state/tables.js'],
  ['server/src/check', '../state/tables.js'],
  ['server/src/ingest', '../transport/transport.js'],
  ['server/src/relay', '../ingest/listener-message.js'],
  ['server/src/live', '../relay/relay.js'],
  ['server/src/http', '../live/live.js'],
  ['server/src/http/routes', '../../live/live.js'],
  ['server/src/simulate', '../relay/relay.js'],
  ['server/src/watch', '../live/live.js'],
  ['server/src/engine', '../relay/relay.js'],
  ['server/src/http', '../engine/room.js'],
  ['server/src/host', '../relay/relay.js'],
  ['server/src/prometheus', '../http/summary.js'],
  ['server/src/prometheus', '../relay/health.js'],
  ['server/src/alerts', '../relay/relay.js'],
  ['server/src/store', '../alerts/alert.js'],
  ['server/src/notify', '../http/app.js'],
  ['server/src/notify', '../relay/relay.js'],
  ['server/src/reporter', '../state/tables.js'],
  ['server/src/history', '../relay/relay.js'],
  ['server/src/history', '../http/app.js'],
  ['server/src/http', '../history/recorder.js'],
  ['server/src/relay', '../history/history.js'],
] as const;

const ALLOWED = [
  ['server/src/http/routes', '../../state/tables.js'],
  ['server/src/http/routes', '../../alerts/alert.js'],
  ['server/src/relay', '../transport/transport.js'],
  ['server/src/relay', '../state/tables.js'],
  ['server/src/live', '@auralis/shared'],
  ['client/src', '@auralis/shared/limits'],
  ['client/dashboard/model', '@auralis/shared/messages'],
  ['client/dashboard/view', '../model/order.js'],
  ['server/src/host', '../state/tables.js'],
  ['server/src/alerts', '../state/tables.js'],
  ['server/src/cli', '../hub.js'],
  ['server/src/http', '../prometheus/page.js'],
  ['server/src/http/routes', '../../history/history.js'],
  ['server/src/history', '../state/tables.js'],
  ['server/src/history', '../store/store.js'],
] as const;

/** Lints a tree in which each of `imports` is a file of its own; returns the numbers of those that are refused. */
function refused(imports: readonly (readonly [folder: string, imported: string])[]): number[] {
  const root = mkdtempSync(join(tmpdir(), 'auralis-edges-'));
  const config = { ...JSON.parse(readFileSync(`${ROOT}biome.json`, 'utf8')), vcs: { enabled: false } };
  writeFileSync(join(root, 'biome.json'), JSON.stringify(config));
  for (const [number, [folder, imported]] of imports.entries()) {
    const path = join(root, folder, `edge-${number}.ts`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `import { thing } from '${imported}';\n\nexport const used = thing;\n`);
  }
  const { stdout, stderr } = spawnSync(process.execPath, [biome, 'lint', '--max-diagnostics=none', '.'], {
    cwd: root,
    encoding: 'utf8',
  });
  rmSync(root, { recursive: true });
  const found = [...`${stdout}${stderr}`.matchAll(/edge-(\d+)\.ts\S* lint\/style\/noRestrictedImports/g)];
  return found.map((match) => Number(match[1])).sort((a, b) => a - b);
}

test('import edges that the architecture forbids fail the check', () => {
  expect(refused(FORBIDDEN)).toEqual(FORBIDDEN.map((_, number) => number));
});

test('those that it needs do not', () => expect(refused(ALLOWED)).toEqual([]));
