import { rmSync } from 'node:fs';
import { createHub, type Hub } from '@auralis/server';
import { ListenerMessages } from '@auralis/server/ingest/listener-message';
import { Sweep } from '@auralis/server/relay/sweep';
import { HUB } from '@auralis/server/state/tables';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { newDataDir } from '../harness/hub.js';
import { TestSocket } from '../harness/socket.js';

const POLL_MS = 20;

describe.each(['uws', 'ws'] as const)('a hub with an internal error on %s', (transport) => {
  let hub: Hub;
  let dataDir: string;
  beforeEach(async () => {
    dataDir = newDataDir();
    hub = await createHub({ port: 0, dataDir, transport, logLevel: 'silent' });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await hub.stop();
    rmSync(dataDir, { recursive: true });
  });

  const health = async () => {
    const response = await fetch(`${hub.url}/healthz`);
    return [response.status, await response.json()];
  };
  const own = (column: keyof typeof HUB) => {
    const [slot] = hub.tables.hubs.slots();
    return hub.tables.hubs.get(slot as number, HUB[column]);
  };
  const until = async (condition: () => boolean) => {
    for (let tries = 0; !condition() && tries < 500; tries++)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    expect(condition()).toBe(true);
  };

  test('does not call itself alive while it takes no messages', async () => {
    const listener = await TestSocket.open(`${hub.url.replace('http', 'ws')}/api/v1/streams/main/listen`);
    expect(await health()).toEqual([200, { status: 'alive' }]);
    const read = jest.spyOn(ListenerMessages.prototype, 'read').mockImplementation(() => {
      throw new Error('read');
    });
    for (let sent = 0; sent < 20; sent++) listener.send({ type: 'clock_sync', t0: 1 });
    await until(() => own('errors') >= 20);
    expect(await health()).toEqual([503, { status: 'failing', part: 'messages' }]);
    read.mockRestore();
    listener.send({ type: 'clock_sync', t0: 1 });
    await listener.nextText('clock_sync');
    expect(await health()).toEqual([200, { status: 'alive' }]);
    await listener.close();
  });

  test('goes on with every other part of its second', async () => {
    jest.spyOn(Sweep.prototype, 'steps').mockImplementation(() => {
      throw new Error('sweep');
    });
    const listener = await TestSocket.open(`${hub.url.replace('http', 'ws')}/api/v1/streams/main/listen`);
    await until(() => own('errors') > 0 && own('active_connections') === 1);
    expect(await health()).toEqual([200, { status: 'alive' }]);
    await listener.close();
  });
});
