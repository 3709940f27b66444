import { startWs } from '@auralis/server/transport/ws';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FRAME, RawSocket } from './raw-socket.js';
import { MAX_BYTES_PER_S, MAX_FRAMES_PER_S, sleep, World } from './transport-world.js';

/** Limits that only `ws` can hold: frames that are no message of their own, and messages that are not finished. */
let world: World;
beforeEach(async () => {
  world = await World.start(startWs);
});
afterEach(() => world.transport.destroy());

const closeReason = (client: RawSocket) => client.frames.at(-1)?.payload.toString('utf8', 2);

test('a flood of empty fragments ends the connection', async () => {
  const client = await RawSocket.open(world.port, '/lobby');
  for (let message = 0; message < 30; message++) {
    client.send(FRAME.TEXT, '', false);
    for (let sent = 0; sent < 98; sent++) client.send(FRAME.CONTINUATION, '', false);
    client.send(FRAME.CONTINUATION, '');
  }
  await client.until(() => client.frames.at(-1)?.opcode === FRAME.CLOSE);
  expect(closeReason(client)).toBe('too many frames');
  expect(world.last.of('message').length).toBeLessThanOrEqual((2 * MAX_FRAMES_PER_S) / 100);
});

test('a message that is not finished after 10 s ends the connection, whatever pongs come in between', async () => {
  const [fragments, half, honest] = [
    await RawSocket.open(world.port, '/lobby'),
    await RawSocket.open(world.port, '/lobby'),
    await RawSocket.open(world.port, '/lobby'),
  ];
  fragments.send(FRAME.BINARY, Buffer.alloc(1_000), false);
  half.socket.write(half.frame(FRAME.BINARY, Buffer.alloc(1_000)).subarray(0, 500));
  const began = performance.now();
  let sent = 0;
  const ended = () => [fragments, half].every(({ frames }) => frames.at(-1)?.opcode === FRAME.CLOSE);
  while (!ended() && performance.now() - began < 30_000) {
    fragments.send(FRAME.PONG, '');
    for (const piece of ['a', 'b', 'c'])
      honest.send(sent % 3 === 0 ? FRAME.TEXT : FRAME.CONTINUATION, piece, sent++ % 3 === 2);
    await sleep(200);
  }
  expect([closeReason(fragments), closeReason(half)]).toEqual(['a message took too long', 'a message took too long']);
  expect(world.recorders[2]?.of('message').length).toBe(sent / 3);
  expect(performance.now() - began).toBeGreaterThan(10_000);
  honest.destroy();
});

test('a frame that announces more than the bytes of a second is an oversize message, not a flood', async () => {
  const client = await RawSocket.open(world.port, '/lobby');
  client.socket.write(client.frame(FRAME.BINARY, Buffer.alloc(2 * MAX_BYTES_PER_S)).subarray(0, 20));
  await client.until(() => client.frames.at(-1)?.opcode === FRAME.CLOSE);
  expect(client.frames.at(-1)?.payload.readUInt16BE()).toBe(1009);
  client.destroy();
});
