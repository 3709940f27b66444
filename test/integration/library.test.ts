import { rmSync } from 'node:fs';
import { ConfigError, createHub, DataDirError, ListenError } from '@auralis/server';
import { afterAll, describe, expect, test } from '@jest/globals';
import { newDataDir } from '../harness/hub.js';
import { TestSocket } from '../harness/socket.js';

const dataDirs = [newDataDir(), newDataDir()] as const;
const [dataDir, otherDir] = dataDirs;

afterAll(() => {
  for (const dir of dataDirs) rmSync(dir, { recursive: true });
});

describe('createHub', () => {
  test('is the same hub as a library', async () => {
    const hub = await createHub({ port: 0, dataDir, logLevel: 'silent' });
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
    const hub = await createHub({ port: 0, dataDir, logLevel: 'silent' });
    await expect(createHub({ port: hub.port, dataDir: otherDir, logLevel: 'silent' })).rejects.toThrow(ListenError);
    await hub.stop();
  });

  test('one data directory has one hub, and is free again when it has stopped', async () => {
    const hub = await createHub({ port: 0, dataDir, logLevel: 'silent' });
    const second = createHub({ port: 0, dataDir, logLevel: 'silent' });
    await expect(second).rejects.toThrow(DataDirError);
    await expect(second).rejects.toThrow(`is held by the hub with process id ${process.pid}`);
    await hub.stop();
    await (await createHub({ port: 0, dataDir, logLevel: 'silent' })).stop();
  });
});
