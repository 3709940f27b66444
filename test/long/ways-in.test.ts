import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { UWS_PACKAGE } from '@auralis/server/transport/select';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { numberIn, rowsOf } from '../browser/pages.js';
import { ToneEngine } from '../browser/tone-engine.js';
import { describeInBrowser, until, type World } from '../browser/world.js';
import { HubProcess, newDataDir, ROOT } from '../harness/hub.js';
import { installIn, makePackages, type Packages, PLAIN_ENVIRONMENT } from '../harness/packages.js';
import { describeIf } from '../harness/program.js';
import { TestSocket } from '../harness/socket.js';

/** A package that comes from the registry for the first time needs minutes. */
const PATIENCE_MS = 180_000;
const MOVES_MS = 20_000;

let packages: Packages;
/** A folder in which the hub is installed, and nothing else. */
let installed = '';
beforeAll(() => {
  packages = makePackages();
  installed = installIn('installed', [packages.hub]);
}, 60_000);
afterAll(() => {
  for (const folder of [dirname(packages.hub), installed]) rmSync(folder, { recursive: true });
});

const hubOf = (command: readonly string[], cwd: string) =>
  HubProcess.start([], PLAIN_ENVIRONMENT, { command, cwd, startMs: PATIENCE_MS });
/** `start` says `serve` itself. */
const PNPM_START = ['sh', '-c', 'shift; exec npx -y pnpm@12.21.0 start "$@"', 'start'];
const npx = (...packages: readonly string[]) => ['npx', '-y', ...packages.flatMap((name) => ['-p', name])];

/** A dashboard shows a listener, and the chunks that it was sent become more. */
async function expectMoves(world: World, hub: HubProcess): Promise<void> {
  const engine = new ToneEngine(hub.wsUrl, 'main');
  const listener = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/listen`);
  const page = await world.open(hub.url);
  const sent = async () => numberIn((await rowsOf(page, 'connections'))[0]?.cells.Sent) ?? 0;
  const first = await until('a listener is shown', MOVES_MS, async () => (await sent()) || null);
  await until('it was sent more', MOVES_MS, async () => (await sent()) >= first + 10);
  await page.close();
  listener.close();
  engine.stop();
  expect(world.faults()).toEqual([]);
}

function startedHubs(world: World): void {
  const ways: readonly (readonly [string, string, () => readonly string[], () => string])[] = [
    ['the checkout, by pnpm start', 'uws', () => PNPM_START, () => ROOT],
    ['the package on Node 20', 'ws', () => ['node_modules/.bin/auralis-hub'], () => installed],
    ['the package on Node 22', 'ws', () => [...npx('node@22'), 'node_modules/.bin/auralis-hub'], () => installed],
    ['the package on Node 24', 'ws', () => [...npx('node@24'), 'node_modules/.bin/auralis-hub'], () => installed],
    ['npx with uWebSockets on Node 20', 'uws', () => [...npx(packages.hub, UWS_PACKAGE), 'auralis-hub'], tmpdir],
    [
      'npx with uWebSockets on Node 22',
      'uws',
      () => [...npx('node@22', packages.hub, UWS_PACKAGE), 'auralis-hub'],
      tmpdir,
    ],
  ];
  test.each(ways)(
    'of %s (%s): it listens, and numbers on its dashboard move',
    async (_, transport, command, cwd) => {
      const hub = await hubOf(command(), cwd());
      expect(hub.log).toContain(`(${transport})`);
      await expectMoves(world, hub);
      await hub.stop();
    },
    PATIENCE_MS,
  );
}

const PAGE = `
import { ClientMetrics, LiveClient } from '@auralis/client';
const hub = new URLSearchParams(location.search).get('hub');
ClientMetrics.listen(hub + '/api/v1/streams/main/listen', { playback: () => ({ playbackState: 'playing' }) });
const rows = new LiveClient(hub + '/api/v1/live').subscribe('connections/main', { intervalMs: 250 }, () => {
  document.title = String([...rows.rows.values()][0]?.get('chunks_sent') ?? 0);
});
`;

function vitePage(world: World): void {
  describe('with the SDK from its package', () => {
    let project = '';
    let site: Server;
    beforeAll(async () => {
      project = installIn('vite', [packages.sdk]);
      writeFileSync(join(project, 'index.html'), '<!doctype html><script type="module" src="/page.js"></script>');
      writeFileSync(join(project, 'page.js'), PAGE);
      execFileSync(process.execPath, [join(ROOT, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'error'], {
        cwd: project,
        env: PLAIN_ENVIRONMENT,
      });
      site = createServer((request, response) => {
        const path = new URL(request.url ?? '/', 'http://site').pathname;
        const isScript = path.endsWith('.js');
        response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
        response.end(readFileSync(join(project, 'dist', isScript ? path : 'index.html')));
      });
      await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    }, 60_000);
    afterAll(() => {
      site.close();
      rmSync(project, { recursive: true });
    });

    test('a page of another origin listens, and its numbers move', async () => {
      const hub = await HubProcess.start();
      const engine = new ToneEngine(hub.wsUrl, 'main');
      const { port } = site.address() as AddressInfo;
      const page = await world.open(`http://localhost:${port}/?hub=${encodeURIComponent(hub.wsUrl)}`);
      await until('its title counts chunks', MOVES_MS, async () => Number(await page.title()) >= 20);
      expect(world.faults()).toEqual([]);
      engine.stop();
      await hub.stop();
    }, 60_000);
  });
}

const NOBODY = 65_534;

/** The hub is installed with a prefix of its own, and runs as the unit of systemd says, without systemd. */
function globalInstallation(world: World): void {
  const isRoot = process.getuid?.() === 0;
  describeIf(isRoot, 'only root can start a hub as another user', 'installed globally, as another user', () => {
    test('it runs by the command line of the unit, and numbers on its dashboard move', async () => {
      const prefix = mkdtempSync(join(tmpdir(), 'auralis-prefix-'));
      chmodSync(prefix, 0o755);
      const quiet = ['--offline', '--no-audit', '--no-fund', '--loglevel', 'error'];
      execFileSync('npm', ['install', '--global', '--prefix', prefix, ...quiet, packages.hub], {
        env: PLAIN_ENVIRONMENT,
      });
      const config = join(prefix, 'hub.yaml');
      writeFileSync(config, 'maxClients: 100\n');
      const dataDir = newDataDir();
      chownSync(dataDir, NOBODY, NOBODY);
      const unit = readFileSync(`${ROOT}deploy/systemd/auralis-hub.service`, 'utf8');
      const [, start = ''] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
      const line = start
        .replace('/usr/local', prefix)
        .replace('/etc/auralis-hub/hub.yaml', config)
        .replace('/var/lib/auralis-hub', dataDir);
      const [program = '', serve, ...args] = line.split(' ');
      expect(serve).toBe('serve');
      const hub = await HubProcess.start(args, PLAIN_ENVIRONMENT, { command: [program], uid: NOBODY });
      await expectMoves(world, hub);
      expect((await hub.stop()).code).toBe(0);
      for (const folder of [prefix, dataDir]) rmSync(folder, { recursive: true });
    }, 60_000);
  });
}

describeInBrowser('ways in', startedHubs, globalInstallation, vitePage);

test('the package installs within 20 s, and listens within 1.5 s', async () => {
  let leastMs = Number.POSITIVE_INFINITY;
  const timed = async <Result>(action: () => Result | Promise<Result>) => {
    const startedAt = performance.now();
    const result = await action();
    return { result, ms: performance.now() - startedAt };
  };
  const { result: place, ms: installMs } = await timed(() => installIn('timed', [packages.hub]));
  expect(installMs).toBeLessThan(20_000);
  // Other work of this machine may cost one of them its time.
  for (let start = 0; start < 5 && leastMs >= 1_500; start++) {
    const { result: hub, ms } = await timed(() => hubOf(['node_modules/.bin/auralis-hub'], place));
    leastMs = Math.min(leastMs, ms);
    await hub.stop();
  }
  expect(leastMs).toBeLessThan(1_500);
  rmSync(place, { recursive: true });
}, 60_000);
