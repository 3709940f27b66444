import { ConfigError, createHub, ListenError } from '@auralis/server';
import { describe, expect, test } from '@jest/globals';
import { TestSocket } from '../harness/socket.js';

describe('createHub', () => {
  test('is the same hub as a library', async () => {
    const hub = await createHub({ port: 0, logLevel: 'silent' });
    const listener = await TestSocket.open(`${hub.url.replace('http', 'ws')}/api/v1/streams/main/listen?client=me`);
    await listener.nextText('welcome');
    expect([...hub.tables.connections.slots()].map((slot) => hub.tables.connections.attributesOf(slot)[1])).toEqual([
      'me',
    ]);
    const [code] = await Promise.all([listener.closed, hub.stop()]);
    expect(code).toBe(4000);
    await expect(fetch(hub.url)).rejects.toThrow();
  });

  test('refuses settings that are not allowed, and a port in use', async () => {
    await expect(createHub({ port: -1 })).rejects.toThrow(ConfigError);
    await expect(createHub({ maxClients: 'many' as unknown as number })).rejects.toThrow('maxClients: a whole number');
    const hub = await createHub({ port: 0, logLevel: 'silent' });
    await expect(createHub({ port: hub.port, logLevel: 'silent' })).rejects.toThrow(ListenError);
    await hub.stop();
  });
});
