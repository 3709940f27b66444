import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AuthFile } from '../harness/auth.js';
import { CountingEngine, CountingListener } from '../harness/counting.js';
import { HubProcess } from '../harness/hub.js';
import { refusedStatus, TestSocket } from '../harness/socket.js';

const TAKEN = 4104;
const CHUNK = new Uint8Array(8);

describe.each(['uws', 'ws'])('the place of an engine on %s', (transport) => {
  let hub: HubProcess;
  beforeAll(async () => {
    hub = await HubProcess.start(['--transport', transport]);
  });
  afterAll(() => hub.stop().then(() => {}));

  const url = (stream: string, engine = '') =>
    `${hub.wsUrl}/api/v1/streams/${stream}/publish${engine === '' ? '' : `?engine=${engine}`}`;
  const come = async (stream: string, engine = '') => new CountingEngine(await TestSocket.open(url(stream, engine)));
  const received = async (listener: CountingListener, chunks: number) => {
    for (let look = 0; look < 200 && listener.chunks < chunks; look++) await pause(25);
    return listener.chunks;
  };

  test('goes to the same engine at once, though its old socket answers nothing', async () => {
    const listener = await CountingListener.open(hub, 'main', 'anna');
    const old = await come('main', 'radio-1');
    old.publish(100, CHUNK);
    expect(await received(listener, 1)).toBe(1);
    old.socket.ws.pause();
    expect(await refusedStatus(url('main'))).toBe(409);
    expect(await refusedStatus(url('main', 'radio-2'))).toBe(409);
    const back = await come('main', 'radio-1');
    back.publish(100, CHUNK);
    expect(await received(listener, 2)).toBe(2);
    old.socket.ws.resume();
    expect(await old.socket.closed).toBe(TAKEN);
    back.publish(100, CHUNK);
    expect(await received(listener, 3)).toBe(3);
    const { items } = await hub.get<{ items: Record<string, unknown>[] }>('/api/v1/streams');
    expect(items).toEqual([expect.objectContaining({ id: 'main', publishing: 'yes', engine_offline_since: null })]);
    back.socket.ws.close();
  });

  test('goes to another engine if the present one is dead, and not if it only pauses', async () => {
    const [dead, silent] = [await come('dead'), await come('silent')];
    dead.publish(100, CHUNK);
    silent.publish(100, CHUNK);
    dead.socket.ws.pause();
    let next: CountingEngine | null = null;
    for (let tries = 0; next === null && tries < 60; tries++) {
      expect(await refusedStatus(url('silent'))).toBe(409);
      next = await come('dead').catch(() => null);
      await pause(500);
    }
    dead.socket.ws.resume();
    expect(await dead.socket.closed).toBe(TAKEN);
    for (const engine of [silent, next]) engine?.socket.ws.close();
  }, 60_000);
});

test.each(['uws', 'ws'])('with an auth file on %s, a name is worth nothing without the token', async (transport) => {
  const auth = new AuthFile();
  const hub = await HubProcess.start(['--transport', transport, '--auth-file', auth.path]);
  try {
    const url = `${hub.wsUrl}/api/v1/streams/main/publish?engine=radio-1`;
    const as = (name: 'publisher' | 'engine') => ({ headers: { authorization: `Bearer ${auth.tokens[name]}` } });
    const old = await TestSocket.open(url, [], as('publisher'));
    expect(await refusedStatus(url, [], as('engine'))).toBe(409);
    await TestSocket.open(url, [], as('publisher'));
    expect(await old.closed).toBe(TAKEN);
  } finally {
    await hub.stop();
  }
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
