import { type Peer, SEND, type StartTransport } from '@auralis/server/transport/transport';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { RawSocket } from './raw-socket.js';
import { MAX_BACKLOG_BYTES, sleep, World } from './transport-world.js';

const MESSAGE_BYTES = 20_000;

/** Slow readers: what `send` answers is what happens, to the message. */
export function pressureContract(start: StartTransport): void {
  let world: World;
  let client: RawSocket;
  let nextSeq: number;
  beforeEach(async () => {
    world = await World.start(start);
    client = await RawSocket.open(world.port, '/lobby');
    nextSeq = 0;
  });
  afterEach(() => {
    client.destroy();
    world.transport.destroy();
  });

  /** Sends `count` numbered messages; returns the numbers of those that were sent or queued. */
  function burst(peer: Peer, count: number): { written: number[]; dropped: number[]; statuses: Set<number> } {
    const result = { written: [] as number[], dropped: [] as number[], statuses: new Set<number>() };
    for (let index = 0; index < count; index++) {
      const seq = nextSeq++;
      const message = new Uint8Array(MESSAGE_BYTES);
      new DataView(message.buffer).setUint32(0, seq);
      const status = peer.send(message);
      result.statuses.add(status);
      (status === SEND.DROPPED ? result.dropped : result.written).push(seq);
    }
    return result;
  }

  const received = () => client.frames.map(({ payload }) => payload.readUInt32BE());

  test('over many bursts to a reader that pauses, what arrives is what was not dropped', async () => {
    const written: number[] = [];
    let dropped = 0;
    for (let round = 0; round < 60; round++) {
      if (round % 3 === 0) client.pause();
      const sent = burst(world.lastPeer, 40);
      written.push(...sent.written);
      dropped += sent.dropped.length;
      if (round % 3 === 2) {
        client.resume();
        await sleep(round % 2 === 0 ? 5 : 30);
      } else await sleep(2);
    }
    client.pause();
    const last = burst(world.lastPeer, 600);
    written.push(...last.written);
    dropped += last.dropped.length;
    client.resume();
    await client.until(() => client.frames.length >= written.length);
    await sleep(100);
    expect(received()).toEqual(written);
    expect([dropped + written.length, dropped > 0]).toEqual([nextSeq, true]);
  });

  test('a reader that stops: sent, then queued, then dropped; the backlog overshoots by one message at most', () => {
    client.pause();
    const order: number[] = [];
    for (let index = 0; index < 2_000 && order.at(-1) !== SEND.DROPPED; index++) {
      const status = world.lastPeer.send(new Uint8Array(MESSAGE_BYTES));
      if (status !== order.at(-1)) order.push(status);
    }
    expect(order).toEqual([SEND.SENT, SEND.QUEUED, SEND.DROPPED]);
    const backlog = world.lastPeer.backlog();
    expect(backlog).toBeGreaterThan(MAX_BACKLOG_BYTES);
    // A frame's head is 4 bytes at this length.
    expect(backlog).toBeLessThanOrEqual(MAX_BACKLOG_BYTES + MESSAGE_BYTES + 4);
    world.lastPeer.ping();
    expect(world.lastPeer.send('x')).toBe(SEND.DROPPED);
    expect(world.lastPeer.backlog()).toBeLessThanOrEqual(backlog + 2);
  });

  test('when it reads on, onDrain comes with ever smaller backlogs down to 0, and sending works again', async () => {
    client.pause();
    const { written, statuses } = burst(world.lastPeer, 2_000);
    expect(statuses).toEqual(new Set([SEND.SENT, SEND.QUEUED, SEND.DROPPED]));
    const full = world.lastPeer.backlog();
    await sleep(50);
    expect(world.last.of('drain').every(({ backlog }) => backlog > 0)).toBe(true);
    client.resume();
    await world.last.until(() => world.last.of('drain').at(-1)?.backlog === 0);
    const backlogs = world.last.of('drain').map(({ backlog }) => backlog);
    for (const [index, backlog] of backlogs.entries()) expect(backlog).toBeLessThan(backlogs[index - 1] ?? full + 1);
    expect(world.lastPeer.backlog()).toBe(0);
    written.push(...burst(world.lastPeer, 1).written);
    await client.until(() => client.frames.length === written.length);
    expect(received()).toEqual(written);
  });

  test('one that stops does not hold up the others', async () => {
    const stopped = world.lastPeer;
    client.pause();
    burst(stopped, 2_000);
    const other = await RawSocket.open(world.port, '/lobby');
    const began = performance.now();
    for (let index = 0; index < 50; index++) expect(world.lastPeer.send(`n${index}`)).toBe(SEND.SENT);
    await other.until(() => other.frames.length === 50);
    expect(performance.now() - began).toBeLessThan(3_000);
    other.destroy();
  });

  test('a close behind a backlog arrives once everything before it has', async () => {
    client.pause();
    const { written } = burst(world.lastPeer, 2_000);
    world.lastPeer.close(4000, 'later');
    await sleep(200);
    expect(world.last.closed).toBeUndefined();
    client.resume();
    await client.until(() => client.frames.length === written.length + 1);
    expect(client.frames.at(-1)?.payload.readUInt16BE()).toBe(4000);
    client.send(8, client.frames.at(-1)?.payload ?? '');
    await world.last.until(() => world.last.closed !== undefined);
    expect(world.last.closed?.code).toBe(4000);
  });
}
