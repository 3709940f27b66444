import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SimulationSummary } from '@auralis/server/simulate/summary';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectHeadSizes } from '../harness/head-sizes.js';
import { HubProcess, newDataDir, ROOT, runCommand } from '../harness/hub.js';
import { addUws, installIn, makePackages, type Packages, PLAIN_ENVIRONMENT } from '../harness/packages.js';
import { describeWith } from '../harness/program.js';

let packages: Packages;
const folders: Record<'ws' | 'uws', string> = { ws: '', uws: '' };
const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { version: string };

/** The command that npm has made of the package's `bin`. */
const commandIn = (folder: string) => [join(folder, 'node_modules/.bin/auralis-hub')];

beforeAll(() => {
  packages = makePackages();
  for (const transport of ['ws', 'uws'] as const) folders[transport] = installIn(transport, [packages.hub]);
  addUws(folders.uws);
}, 60_000);

afterAll(() => {
  for (const folder of [dirname(packages.hub), folders.ws, folders.uws]) rmSync(folder, { recursive: true });
});

test('the hub is one package without dependencies and scripts, of at most 3 MB', () => {
  const { ws } = folders;
  expect(readdirSync(join(ws, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['auralis-hub']);
  const manifest = JSON.parse(readFileSync(join(ws, 'node_modules/auralis-hub/package.json'), 'utf8'));
  expect(manifest).toMatchObject({ version, peerDependenciesMeta: { 'uWebSockets.js': { optional: true } } });
  for (const key of ['dependencies', 'optionalDependencies', 'scripts']) expect(manifest).not.toHaveProperty(key);
  expect(statSync(packages.hub).size).toBeLessThanOrEqual(3_000_000);
});

const PYTHON = '/usr/bin/python3';
describeWith(PYTHON, 'a release', aRelease, ['-c', 'import setuptools, pip, wheel']);

function aRelease(): void {
  test('has each artefact with its size and hash, and a dry run keeps none', () => {
    const args = [join(ROOT, 'release/main.js'), '--dry-run'];
    const said = execFileSync(process.execPath, args, { env: PLAIN_ENVIRONMENT, encoding: 'utf8' });
    const lines = said.split('\n').filter((line) => / bytes, sha256 [0-9a-f]{64}$/.test(line));
    expect(lines.map((line) => line.split(',')[0])).toEqual([
      `hub: auralis-hub-${version}.tgz`,
      `sdk: auralis-client-${version}.tgz`,
      `wheel: auralis_monitoring-${version}-py3-none-any.whl`,
    ]);
    expect(said).not.toContain('\nin ');
  });

  test('is of one version, which every package of the workspace has', () => {
    for (const name of ['server', 'client', 'shared']) {
      expect(JSON.parse(readFileSync(`${ROOT}${name}/package.json`, 'utf8'))).toMatchObject({ version });
    }
  });
}

test('it names the licence of each package that it contains', () => {
  const notices = readFileSync(join(folders.ws, 'node_modules/auralis-hub/NOTICES.txt'), 'utf8');
  for (const manifest of ['server', 'client']) {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(`${ROOT}${manifest}/package.json`, 'utf8'));
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
      if (/^(@auralis|@types)\/|^uWebSockets|^vite$/.test(name)) continue;
      expect(notices).toMatch(new RegExp(`^${name} \\d\\S* \\(\\S+\\)$`, 'm'));
    }
  }
});

describe.each(['ws', 'uws'] as const)('the installed hub on %s', (transport) => {
  let hub: HubProcess;
  beforeAll(async () => {
    hub = await HubProcess.start([], {}, { command: commandIn(folders[transport]) });
  });
  afterAll(async () => {
    expect((await hub.stop()).code).toBe(0);
  });

  test('takes that transport by itself, and says how to add uWebSockets where it is missing', () => {
    expect(hub.log).toContain(`(${transport})`);
    const hint = 'install uWebSockets.js@npm:uws-pack@20.0.8 beside auralis-hub';
    expect(hub.log.includes(hint)).toBe(transport === 'ws');
    expect(hub.log).not.toMatch(/ExperimentalWarning|DeprecationWarning/);
  });

  test('serves pages, SDKs, the reference and its version', async () => {
    const paths = ['/', '/listen', '/sdk/audio.js', '/sdk/live.js', '/docs', '/docs/swagger-ui-bundle.js', '/metrics'];
    for (const path of paths) expect([path, (await fetch(hub.url + path)).status]).toEqual([path, 200]);
    expect(await hub.get('/api/v1/openapi.json')).toMatchObject({ info: { version } });
    await expectHeadSizes(hub.port);
  });

  test('counts every chunk of its own simulate, whose table its own top shows', async () => {
    const command = commandIn(folders[transport]);
    const args = ['simulate', '--url', hub.url, '--json', '--listeners', '10', '--duration', '3'];
    const { code, output } = await runCommand(args, {}, { command });
    expect([code, (JSON.parse(output) as SimulationSummary).mismatches]).toEqual([0, []]);
    const top = await runCommand(['top', '--once', '--url', hub.url], {}, { command });
    expect([top.code, top.output]).toEqual([0, expect.stringContaining('main')]);
  });
});

test('it is a library, too', () => {
  const script = `import { createHub } from 'auralis-hub';
    const hub = await createHub({ port: 0, logLevel: 'silent', dataDir: process.argv[1] });
    console.log((await fetch(hub.url + '/healthz')).status);
    await hub.stop();`;
  const dataDir = newDataDir();
  const args = ['--input-type=module', '--eval', script, dataDir];
  const options = { cwd: folders.uws, env: PLAIN_ENVIRONMENT, encoding: 'utf8' } as const;
  expect(execFileSync(process.execPath, args, options)).toBe('200\n');
  rmSync(dataDir, { recursive: true });
});
