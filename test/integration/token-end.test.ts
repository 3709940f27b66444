import { CLOSE } from '@auralis/shared';
import { afterEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { AuthFile, type TokenName } from '../harness/auth.js';
import { ask } from '../harness/http.js';
import { HubProcess } from '../harness/hub.js';
import { TestSocket } from '../harness/socket.js';

const SOCKETS = [
  ['/api/v1/streams/main/listen', 'listener'],
  ['/api/v1/streams/main/publish', 'publisher'],
  ['/api/v1/live', 'viewer'],
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

describe.each(['uws', 'ws'])('on %s', (transport) => {
  const auth = new AuthFile();
  let hub: HubProcess;
  const start = async () => {
    hub = await HubProcess.start(['--transport', transport, '--auth-file', auth.path]);
  };
  afterEach(() => hub.stop());

  test('sockets are closed when their token expires, and no others', async () => {
    // The hub has to start, and to let them in, before.
    auth.write({ entries: { admin: { expires: new Date(Date.now() + 6_000).toISOString() } } });
    await start();
    const ending = await openAll(hub, auth, 'admin');
    const listener = await TestSocket.open(hub.wsUrl + SOCKETS[0][0], [], { headers: auth.headers('listener') });
    const dashboard = await TestSocket.open(hub.wsUrl + SOCKETS[2][0], [], { headers: auth.headers('viewer') });
    await expectEnded(hub, auth, 'admin', ending);
    expect([listener.ws.readyState, dashboard.ws.readyState]).toEqual([WebSocket.OPEN, WebSocket.OPEN]);
    expect(await connections(hub, auth)).toMatchObject([
      { state: 'closed', close_code: CLOSE.ACCESS_ENDED, reason: 'its token is good no longer' },
      { state: 'open', close_code: null },
    ]);
    expect(hub.log).toContain('3 sockets are closed: token admin has expired (3)');
  });
});
