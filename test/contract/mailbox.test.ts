import type { SocketHandler, StartTransport } from '@auralis/server/transport/transport';
import { startUws } from '@auralis/server/transport/uws';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { FRAME, RawSocket } from './raw-socket.js';
import { sleep, World } from './transport-world.js';

/** Messages as they were put into the mailbox, each with who is to take it. */
let put: { readonly handler: SocketHandler; readonly text: string; readonly isBinary: boolean }[];
let world: World;

const startWithMailbox: StartTransport = (options) =>
  startUws({
    ...options,
    routes: options.routes.map((route) => ({
      ...route,
      mailbox: {
        put: ({ handler }, data, isBinary) => put.push({ handler, text: Buffer.from(data).toString(), isBinary }),
      },
    })),
  });

describe('a mailbox on uWebSockets.js', () => {
  const rest = jest.spyOn(Atomics, 'wait');
  const open = () => RawSocket.open(world.port, '/lobby');

  beforeEach(async () => {
    put = [];
    rest.mockClear();
    world = await World.start(startWithMailbox);
  });
  afterEach(() => world.transport.destroy());

  const untilPut = async (count: number) => {
    for (let tries = 0; put.length < count && tries < 1_000; tries++) await sleep(5);
    expect(put).toHaveLength(count);
  };

  test('gets each message with the handler of its socket, which is not called', async () => {
    const clients = [await open(), await open()];
    for (const [at, client] of clients.entries()) {
      client.send(FRAME.TEXT, `grüß ${at}`);
      client.send(FRAME.BINARY, `bytes ${at}`);
    }
    await untilPut(4);
    for (const [at, recorder] of world.recorders.entries()) {
      const own = put.filter(({ handler }) => handler === recorder);
      expect(own.map(({ text, isBinary }) => [text, isBinary])).toEqual([
        [`grüß ${at}`, false],
        [`bytes ${at}`, true],
      ]);
      expect(recorder.of('message')).toEqual([]);
    }
  });

  test('rests while many messages come, loses none, and does not where they are few', async () => {
    const client = await open();
    for (let sent = 0; sent < 30; sent++) {
      client.send(FRAME.TEXT, `${sent}`);
      await sleep(5);
    }
    await untilPut(30);
    expect(rest).not.toHaveBeenCalled();
    // Until it rests: a machine that is slow may take its time to send them fast enough.
    for (let sent = 30; rest.mock.calls.length < 20 && sent < 60_000; sent += 20) {
      for (let at = sent; at < sent + 20; at++) client.send(FRAME.TEXT, `${at}`);
      await sleep(1);
      if (rest.mock.calls.length >= 20) await untilPut(sent + 20);
    }
    expect(rest.mock.calls.length).toBeGreaterThanOrEqual(20);
    expect(put.map(({ text }) => Number(text))).toEqual(Array.from(put.keys()));
  });
});
