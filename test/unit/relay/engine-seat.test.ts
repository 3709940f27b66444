import { STREAM } from '@auralis/server/state/tables';
import { CLOSE } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import { clock, connect, publish, relay, sweep, tables } from './world.js';

type Engine = ReturnType<typeof connect>;

const HERE = '10.0.0.1';
const come = (id: string, address = HERE, token?: string) =>
  connect('publish', id === '' ? '' : `engine=${id}`, 'main', address, token);
const HAS_ITS_ENGINE = 'stream main has its engine already';
const stream = (column: keyof typeof STREAM) => tables.streams.get(0, STREAM[column]);

/** Lets seconds pass without a word of the engine. */
function wait(seconds: number, each: () => void = () => {}): void {
  for (let second = 0; second < seconds; second++) {
    clock.now += 1000;
    each();
    sweep.run(clock.now);
  }
}
const answerPings = ({ handler, peer }: Engine) => handler.onPong(peer, new Uint8Array());

describe('an engine that names itself', () => {
  test('takes its place back at once, and the stream goes on', () => {
    const old = come('a');
    const listener = connect('listen');
    publish(old, 3);
    const back = come('a');
    expect([old.peer.closedWith, back.peer.closedWith]).toEqual([CLOSE.STREAM_HAS_ENGINE, null]);
    publish(old, 2);
    publish(back, 2);
    expect(listener.peer.seqs).toEqual([1, 2, 3, 4, 5]);
    old.handler.onClose(old.peer, 1006, false);
    expect([stream('publishing'), stream('engine_offline_since'), stream('chunks_published')]).toEqual([
      1,
      Number.NaN,
      5,
    ]);
    back.handler.onClose(back.peer, 1000, false);
    expect(stream('publishing')).toBe(0);
  });

  test('does so with the same token from anywhere', () => {
    const old = come('a', HERE, 'token-1');
    come('a', '10.9.9.9', 'token-1');
    expect(old.peer.closedWith).toBe(CLOSE.STREAM_HAS_ENGINE);
  });

  test.each<[string, () => Engine, () => Engine]>([
    ['another name', () => come('a'), () => come('b')],
    ['no name', () => come('a'), () => come('')],
    ['no names at all', () => come(''), () => come('')],
    ['another address', () => come('a'), () => come('a', '10.0.0.2')],
    ['another token', () => come('a', HERE, 'token-1'), () => come('a', HERE, 'token-2')],
    ['no token', () => come('a', HERE, 'token-1'), () => come('a')],
    ['a token that the other had not', () => come('a'), () => come('a', HERE, 'token-1')],
    ['a name that looks like a token', () => come('a', HERE, 'token-1'), () => come('a', 'token-1')],
  ])('keeps it from %s', (_, first, second) => {
    const engine = first();
    expect(second).toThrow(HAS_ITS_ENGINE);
    expect(engine.peer.closedWith).toBeNull();
  });

  test('has a name of 64 safe characters', () => {
    for (const id of ['a b', 'a/b', 'x'.repeat(65)])
      expect(() => come(encodeURIComponent(id))).toThrow('engine: 1 to 64');
  });

  test('that comes twice at once has the later connection', () => {
    const { route } = connect('publish', '', 'other');
    const ask = () => {
      const query = new URLSearchParams('engine=a');
      const path = '/api/v1/streams/main/publish';
      const answer = route.upgrade({ path, query, headers: new Map(), remoteAddress: HERE });
      if ('refuse' in answer) throw new Error(answer.message);
      return answer.accept;
    };
    const handlers = [ask(), ask()];
    const peers = [connect('listen', '', 'other').peer, connect('listen', '', 'other').peer];
    for (const [at, handler] of handlers.entries()) handler.onOpen(peers[at] as (typeof peers)[number]);
    expect(peers.map(({ closedWith }) => closedWith)).toEqual([CLOSE.STREAM_HAS_ENGINE, null]);
  });
});

describe('an engine whose socket died', () => {
  test('gives way after 3 s without a chunk and a ping without an answer for 5 s', () => {
    const dead = come('a');
    publish(dead, 10);
    expect(() => come('b')).toThrow(HAS_ITS_ENGINE);
    wait(7);
    expect(() => come('b')).toThrow(HAS_ITS_ENGINE);
    expect(dead.peer.closedWith).toBeNull();
    wait(1);
    const next = come('b');
    expect([dead.peer.closedWith, next.peer.closedWith]).toEqual([CLOSE.STREAM_HAS_ENGINE, null]);
    publish(next, 1);
    expect(stream('chunks_published')).toBe(11);
  });

  test('is asked after three chunks if they are longer', () => {
    const dead = come('a');
    publish(dead, 2, undefined, 5_000, 5_000);
    expect(() => come('b')).toThrow(HAS_ITS_ENGINE);
    wait(19);
    expect(() => come('b')).toThrow(HAS_ITS_ENGINE);
    wait(1);
    come('b');
    expect(dead.peer.closedWith).toBe(CLOSE.STREAM_HAS_ENGINE);
  });

  test('keeps its place as long as nobody wants it, and is left in peace', () => {
    const dead = come('a');
    publish(dead, 10);
    wait(60);
    expect(dead.peer.pings.length).toBeLessThanOrEqual(6);
    expect([dead.peer.closedWith, stream('publishing')]).toEqual([null, 1]);
  });

  test('has it back as soon as it says a word', () => {
    const slow = come('a');
    publish(slow, 10);
    expect(() => come('b')).toThrow(HAS_ITS_ENGINE);
    wait(20);
    publish(slow, 1);
    expect(() => come('b')).toThrow(HAS_ITS_ENGINE);
    wait(20);
    answerPings(slow);
    expect(() => come('b')).toThrow(HAS_ITS_ENGINE);
    expect(slow.peer.closedWith).toBeNull();
  });

  test('is not taken for dead because the hub stood still', () => {
    const engine = come('a');
    publish(engine, 10);
    expect(() => come('b')).toThrow(HAS_ITS_ENGINE);
    wait(4);
    clock.now += 60_000;
    relay.heardAll(clock.now);
    sweep.run(clock.now);
    expect(() => come('b')).toThrow(HAS_ITS_ENGINE);
  });
});

test('an engine that pauses and answers keeps its place, whoever wants it', () => {
  const engine = come('a');
  publish(engine, 10);
  for (let minute = 0; minute < 60; minute++) {
    expect(() => come('b')).toThrow(HAS_ITS_ENGINE);
    wait(1, () => answerPings(engine));
  }
  expect(engine.peer.closedWith).toBeNull();
});
