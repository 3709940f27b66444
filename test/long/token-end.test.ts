import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLOSE } from '@auralis/shared';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { AuthFile, type TokenName } from '../harness/auth.js';
import { FAKETIME, FakeClock } from '../harness/fake-clock.js';
import { ask } from '../harness/http.js';
import { BIN, HubProcess, newDataDir } from '../harness/hub.js';
import { describeWith } from '../harness/program.js';
import { TestSocket } from '../harness/socket.js';

const HOUR_S = 3_600;

const LISTEN = '/api/v1/streams/main/listen';
const LIVE = '/api/v1/live';
const SOCKETS = [
  [LISTEN, 'listener'],
  ['/api/v1/streams/main/publish', 'publisher'],
  [LIVE, 'viewer'],
] as const satisfies readonly (readonly [string, TokenName])[];

/** A socket of each kind; `name`: with this token instead of the one of its role. */
function openAll(hub: HubProcess, auth: AuthFile, name?: TokenName): Promise<TestSocket[]> {
  return Promise.all(
    SOCKETS.map(([path, role]) => TestSocket.open(hub.wsUrl + path, [], { headers: auth.headers(name ?? role) })),
  );
}

/** Its sockets have been closed with 4003; one that brings the token again is told that it need not come any more. */
async function expectEnded(hub: HubProcess, auth: AuthFile, name: TokenName, sockets: readonly TestSocket[]) {
  expect(await Promise.all(sockets.map(({ closed }) => closed))).toEqual(sockets.map(() => CLOSE.ACCESS_ENDED));
  const again = await openAll(hub, auth, name);
  expect(await Promise.all(again.map(({ closed }) => closed))).toEqual(again.map(() => CLOSE.NOT_ALLOWED));
}

interface Row {
  readonly state: string;
  readonly close_code: number | null;
  readonly reason: string;
}

async function connections(hub: HubProcess, auth: AuthFile): Promise<readonly Row[]> {
  const path = '/api/v1/connections?sort=connected_at';
  return (await ask(hub.port, path, { headers: auth.headers('viewer') })).json<{ items: Row[] }>().items;
}

/** Its log says so, or will. */
async function expectSaid(hub: HubProcess, line: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (hub.log.includes(line)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not said: ${line}\n${hub.log}`);
}

describe.each(['uws', 'ws'])('on %s', (transport) => {
  let auth: AuthFile;
  let hub: HubProcess;
  beforeEach(async () => {
    auth = new AuthFile({ anonymous: ['listener'] });
    hub = await HubProcess.start(['--transport', transport, '--auth-file', auth.path]);
  });
  afterEach(() => hub.stop());

  const open = (path: string, name?: TokenName) =>
    TestSocket.open(hub.wsUrl + path, [], name === undefined ? {} : { headers: auth.headers(name) });
  const isOpen = ({ ws }: TestSocket) => ws.readyState === WebSocket.OPEN;
  const reload = () => process.kill(hub.pid, 'SIGHUP');
  const SAID = 'the auth file is read again: 7 tokens are known';

  test('sockets are closed when their token expires, and no others', async () => {
    const ending = await openAll(hub, auth, 'admin');
    const staying = [await open(LISTEN, 'listener'), await open(LIVE, 'viewer')];
    const expiresAt = Date.now() + 2_000;
    const expires = new Date(expiresAt).toISOString();
    auth.write({ anonymous: ['listener'], entries: { admin: { expires } } });
    reload();
    await expectSaid(hub, SAID);
    await Promise.all(ending.map(({ closed }) => closed));
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
    await expectEnded(hub, auth, 'admin', ending);
    expect(staying.every(isOpen)).toBe(true);
    expect(await connections(hub, auth)).toMatchObject([
      { state: 'closed', close_code: CLOSE.ACCESS_ENDED, reason: 'its token is good no longer' },
      { state: 'open', close_code: null },
    ]);
    expect(hub.log).toContain('3 sockets are closed: token admin has expired (3)');
  });

  test('SIGHUP: who is gone from the file is closed, who is new is let in, and who stays notices nothing', async () => {
    const ending = await openAll(hub, auth, 'admin');
    const staying = [await open(LISTEN, 'listener'), await open(LIVE, 'viewer'), await open(LISTEN)];
    const [expired] = await openAll(hub, auth, 'expired');
    expect(await expired?.closed).toBe(CLOSE.NOT_ALLOWED);
    auth.write({ anonymous: ['listener'], without: ['admin'], entries: { expired: { expires: '2999-01-01' } } });
    reload();
    await expectEnded(hub, auth, 'admin', ending);
    expect(hub.log).toContain('the auth file is read again: 6 tokens are known; without one one is a listener');
    expect(hub.log).toContain('3 sockets are closed: token admin was taken back (3)');
    expect((await ask(hub.port, '/metrics', { headers: auth.headers('admin') })).status).toBe(401);
    const renewed = await openAll(hub, auth, 'expired');
    expect((await ask(hub.port, '/metrics', { headers: auth.headers('expired') })).status).toBe(200);
    expect([...staying, ...renewed].every(isOpen)).toBe(true);
  });

  test('SIGHUP: a role, a stream or an origin less, and no more for who brings nothing', async () => {
    const ending = [
      await open(LISTEN, 'listener'),
      await open(LISTEN),
      await open('/api/v1/streams/other/publish', 'elsewhere'),
    ];
    const staying = [await open('/api/v1/streams/other/listen', 'elsewhere'), await open(LIVE, 'viewer')];
    const origin = 'https://music.example';
    const mayRead = async () => {
      const { headers } = await ask(hub.port, '/metrics', { headers: { ...auth.headers('viewer'), origin } });
      return headers['access-control-allow-origin'] === origin;
    };
    expect(await mayRead()).toBe(false);
    auth.write({
      origins: [origin],
      entries: { listener: { streams: ['other'] }, elsewhere: { roles: ['listener'] } },
    });
    reload();
    expect(await Promise.all(ending.map(({ closed }) => closed))).toEqual(ending.map(() => CLOSE.ACCESS_ENDED));
    expect(staying.every(isOpen)).toBe(true);
    expect(await mayRead()).toBe(true);
  });

  test('SIGHUP: a file that is faulty, empty or gone changes nothing, and one line says why', async () => {
    const staying = await openAll(hub, auth);
    const { path } = auth;
    const good = readFileSync(path, 'utf8');
    const FAULTS: readonly (readonly [string | null, string])[] = [
      [
        good.replace('- publisher', '- pulisher'),
        'tokens[1].roles[0]: one of listener, publisher, viewer, admin, not \\"pulisher\\"',
      ],
      ['', 'tokens: 1 at least, or a role in `anonymous`, not nothing'],
      [`${good}  - [`, 'Flow sequence in block collection must be'],
      [null, 'no such file or directory'],
    ];
    for (const [content, why] of FAULTS) {
      if (content === null) rmSync(path);
      else writeFileSync(path, content);
      reload();
      await expectSaid(hub, why);
    }
    const lines = hub.log
      .split('\n')
      .filter((line) => line.includes('the auth file is faulty, so all stays as it was'));
    expect(lines.map((line) => [line.includes(path), (JSON.parse(line) as { level: number }).level])).toEqual(
      FAULTS.map(() => [true, 50]),
    );
    expect(lines[0]).toMatch(/auth\.yaml:\d+:\d+: tokens\[1]/);
    expect(staying.every(isOpen)).toBe(true);
    expect((await ask(hub.port, '/metrics', { headers: auth.headers('viewer') })).status).toBe(200);
    // And it can be mended.
    writeFileSync(path, good);
    reload();
    await expectSaid(hub, SAID);
    expect(staying.every(isOpen)).toBe(true);
  });
});

describeWith(
  FAKETIME.program,
  'a wall clock that is set while the hub runs',
  () => {
    test.each(['uws', 'ws'])(
      'ends sockets whose tokens have expired by then, and lets them in again (%s)',
      async (transport) => {
        const clock = new FakeClock(0);
        const expires = new Date(clock.now + HOUR_S * 500).toISOString();
        const auth = new AuthFile({ entries: { admin: { expires } } });
        const hub = await HubProcess.start(['--transport', transport, '--auth-file', auth.path], clock.env);
        try {
          const status = async () => (await ask(hub.port, '/metrics', { headers: auth.headers('admin') })).status;
          const until = async (wanted: number) => {
            for (let tries = 0; (await status()) !== wanted && tries < 200; tries++) await sleep(50);
            expect(await status()).toBe(wanted);
          };
          const ending = await openAll(hub, auth, 'admin');
          const staying = await TestSocket.open(hub.wsUrl + LIVE, [], { headers: auth.headers('viewer') });
          expect(await status()).toBe(200);
          clock.set(HOUR_S);
          await expectEnded(hub, auth, 'admin', ending);
          await until(401);
          expect(staying.ws.readyState).toBe(WebSocket.OPEN);
          clock.set(0);
          await until(200);
        } finally {
          await hub.stop();
          clock.remove();
        }
      },
    );
  },
  [...FAKETIME.probe],
);

/** The hub on a terminal that is closed once it listens; says by which signal it ended, or that it did not. */
const ON_TERMINAL = `
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
said = b""
while b"listening on" not in said:
    said += os.read(terminal, 4096)
os.close(terminal)
for _ in range(200):
    ended, status = os.waitpid(pid, os.WNOHANG)
    if ended:
        sys.exit("signal %d" % os.WTERMSIG(status))
    time.sleep(0.05)
os.kill(pid, 9)
sys.exit("it goes on")
`;

describeWith('python3', 'the terminal of a hub with an auth file is closed', () => {
  test('it ends, for nobody could end it from there any more', () => {
    const { path } = new AuthFile();
    const args = [process.execPath, BIN, 'serve', '--port', '0', '--log-format', 'json', '--auth-file', path];
    const env = { ...process.env, AURALIS_DATA_DIR: newDataDir() };
    const { stderr } = spawnSync('python3', ['-c', ON_TERMINAL, ...args], { env, encoding: 'utf8' });
    expect(stderr.trim()).toBe(`signal ${constants.signals.SIGHUP}`);
  });
});
