import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { HubProcess, ROOT } from '../harness/hub.js';
import { installIn, makePackages, type Packages, PLAIN_ENVIRONMENT } from '../harness/packages.js';

let packages: Packages;
let project = '';
let hub: HubProcess;

beforeAll(async () => {
  packages = makePackages();
  project = installIn('project', [packages.sdk]);
  hub = await HubProcess.start();
}, 60_000);
afterAll(async () => {
  await hub.stop();
  for (const folder of [dirname(packages.hub), project]) rmSync(folder, { recursive: true });
});

const OPTIONS = ['--strict', '--noEmit', '--target', 'es2022', '--lib', 'es2023,dom,dom.iterable', '--types', ''];
const RESOLUTION = ['--module', 'nodenext', '--moduleResolution', 'nodenext'];

/** Check a file of a project with the TypeScript of the checkout. Return what it complains about. */
function complaints(folder: string, text: string): string {
  writeFileSync(join(folder, 'page.ts'), text);
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  return spawnSync(process.execPath, [tsc, ...OPTIONS, ...RESOLUTION, 'page.ts'], { cwd: folder, encoding: 'utf8' })
    .stdout;
}

const USE = `
const metrics = ClientMetrics.listen('ws://localhost/api/v1/streams/main/listen', {
  onChunk: ({ seq, payload }) => console.log(seq.toFixed(), payload.byteLength),
  playback: () => ({ bufferDepthMs: 100, playbackState: 'playing' }),
});
const live = new LiveClient();
const listeners = live.subscribe('connections/main', { intervalMs: 250 }, ({ changed }) => console.log(changed.size));
for (const row of listeners.rows.values()) console.log(row.get('latency_ms')?.toFixed(), metrics.state);
`;
const WRONG = `${USE}\nmetrics.state = 'open';`;

test('the package has types that a strict project checks', () => {
  const imports = `import { ClientMetrics, LiveClient, MetricsCollector } from '@auralis/client';`;
  const engine = `new MetricsCollector({ stream: 'main' }).recordSynthesisStart().toUpperCase();`;
  expect(complaints(project, `${imports}${USE}${engine}`)).toBe('');
  expect(complaints(project, `${imports}${WRONG}`)).toMatch(/page\.ts.*state/);
}, 60_000);

test('the hub serves types beside its modules, without a package to install', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'auralis-types-'));
  const queue = ['audio.d.ts', 'live.d.ts'];
  for (const path of queue) {
    const answer = await fetch(`${hub.url}/sdk/${path}`);
    expect([path, answer.status]).toEqual([path, 200]);
    const text = await answer.text();
    const file = join(folder, path);
    execFileSync('mkdir', ['-p', dirname(file)]);
    writeFileSync(file, text);
    for (const [, specifier = ''] of text.matchAll(/\b(?:from|import\()\s*['"]([^'"\s]+)['"]/g)) {
      expect(specifier).toMatch(/^\./);
      const imported = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.d.ts');
      if (!queue.includes(imported)) queue.push(imported);
    }
  }
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  const imports = `import { ClientMetrics } from './audio.js'; import { LiveClient } from './live.js';`;
  expect(complaints(folder, `${imports}${USE}`)).toBe('');
  expect(complaints(folder, `${imports}${WRONG}`)).toMatch(/page\.ts.*state/);
  rmSync(folder, { recursive: true });
}, 60_000);

test('it works in Node, with a WebSocket that it is given', async () => {
  symlinkSync(join(ROOT, 'server/node_modules/ws'), join(project, 'node_modules/ws'));
  const script = `import { ClientMetrics, LiveClient, MetricsCollector } from '@auralis/client';
    import WebSocket from 'ws';
    const address = process.argv[1].replace('http', 'ws');
    const metrics = ClientMetrics.listen(address + '/api/v1/streams/main/listen', { WebSocket });
    const live = new LiveClient(address + '/api/v1/live', { WebSocket });
    const listeners = live.subscribe('connections/main', { intervalMs: 100 }, () => {
      for (const row of listeners.rows.values()) console.log(row.get('chunks_sent'), metrics.state);
      if (listeners.rows.size > 0) { metrics.close(); live.close(); }
    });
    console.log(typeof MetricsCollector);`;
  const args = ['--input-type=module', '--eval', script, hub.url];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: project,
    env: PLAIN_ENVIRONMENT,
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect([stdout, stderr]).toEqual(['function\n0 open\n', '']);
}, 30_000);
