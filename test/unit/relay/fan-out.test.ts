import type { Listener } from '@auralis/server/listeners/listener';
import { FanOut } from '@auralis/server/relay/fan-out';
import { Stream } from '@auralis/server/relay/stream';
import { HubCounters } from '@auralis/server/state/counters';
import { STREAM } from '@auralis/server/state/tables';
import { SEND } from '@auralis/server/transport/transport';
import { MAX_WAITING_FAN_OUT_BYTES, readChunk } from '@auralis/shared';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { connect, hub, publish, relay, row, tables } from './world.js';

describe('fan-out', () => {
  const turns: (() => void)[] = [];
  let fanOut: FanOut;
  let given: string[];
  const listeners = (count: number) =>
    new Set(Array.from({ length: count }, (_, at) => ({ id: String(at) }) as unknown as Listener));
  const turn = () => {
    given = [];
    turns.shift()?.();
    return given;
  };
  const note = (name: string) => (some: readonly Listener[]) => void given.push(`${name}${some.length}`);

  beforeEach(() => {
    turns.length = 0;
    given = [];
    fanOut = new FanOut((callback) => turns.push(callback));
  });

  test('is done at once where it is little work, and nothing waits', () => {
    const [few, many] = [listeners(200), listeners(300)];
    expect([fanOut.isAtOnce(few, 100), fanOut.isAtOnce(few, 1 << 20), fanOut.isAtOnce(many, 100)]).toEqual([
      true,
      false,
      false,
    ]);
    fanOut.add(few, 1 << 20, note('a'));
    expect([fanOut.isAtOnce(few, 100), fanOut.isAtOnce(listeners(200), 100)]).toEqual([false, true]);
    while (turns.length > 0) turn();
    expect(fanOut.isAtOnce(few, 100)).toBe(true);
  });

  test('has one piece in each turn, of as many sends as the message is long, in the order in which messages came', () => {
    fanOut.add(listeners(300), 0, note('a'));
    fanOut.add(listeners(40), 15 * 64 * 1024, note('b'));
    expect(turns.length).toBe(1);
    const pieces: string[][] = [];
    while (turns.length > 0) pieces.push(turn());
    expect(pieces).toEqual([['a256'], ['a44', 'b14'], ['b16'], ['b10']]);
  });

  test('leaves out who has left, and who came later', () => {
    const some = listeners(300);
    fanOut.add(some, 0, note('a'));
    const [first] = some;
    some.delete(first as Listener);
    some.add({ id: 'late' } as unknown as Listener);
    expect([turn(), turn()]).toEqual([['a255'], ['a44']]);
  });

  test('bounds what waits', () => {
    expect([fanOut.hasRoom(MAX_WAITING_FAN_OUT_BYTES), fanOut.hasRoom(MAX_WAITING_FAN_OUT_BYTES + 1)]).toEqual([
      true,
      false,
    ]);
    fanOut.add(listeners(1), MAX_WAITING_FAN_OUT_BYTES, note('a'));
    expect(fanOut.hasRoom(1)).toBe(false);
    turn();
    expect(fanOut.hasRoom(1)).toBe(true);
  });
});

describe('a stream with more listeners than one piece', () => {
  const LISTENERS = 300;
  /** More turns of the event loop than there are pieces. */
  const settled = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };

  test('gives each of them every chunk, in order, and books what it gave', async () => {
    const engine = connect('publish');
    const listeners = Array.from({ length: LISTENERS }, () => connect('listen'));
    publish(engine, 3);
    expect(listeners[0]?.peer.seqs).toEqual([]);
    const late = connect('listen');
    const [first] = listeners;
    first?.handler.onClose(first.peer, 1000, false);
    await settled();
    for (const { peer } of listeners.slice(1)) expect(peer.seqs).toEqual([1, 2, 3]);
    expect([first?.peer.seqs, late.peer.seqs]).toEqual([[], []]);
    expect(row(1, 'chunks_sent', 'chunks_dropped')).toEqual([3, 0]);
    expect([hub('chunks_sent'), hub('chunks_dropped')]).toEqual([3 * (LISTENERS - 1), 0]);
    publish(engine, 1);
    await settled();
    expect(late.peer.seqs).toEqual([4]);
  });

  test('hears of another format behind the chunks before it', async () => {
    const engine = connect('publish');
    const listeners = Array.from({ length: LISTENERS }, () => connect('listen'));
    publish(engine, 1);
    engine.handler.onClose(engine.peer, 1000, false);
    const next = connect('publish', 'encoding=pcm_s16le');
    publish(next, 1);
    await settled();
    const kinds = listeners[7]?.peer.sent.slice(1).map((message) => (typeof message === 'string' ? 'format' : 'chunk'));
    expect(kinds).toEqual(['chunk', 'format', 'chunk']);
  });

  test('drops a chunk for which there is no room, in its turn, and counts it for each', () => {
    const turns: (() => void)[] = [];
    const fanOut = new FanOut((callback) => turns.push(callback));
    const counters = new HubCounters(tables.hubs, 'other', [], 0);
    const stream = new Stream('full', ['nobody'], tables, counters, 2000, fanOut, 0);
    const seqs: number[] = [];
    for (let at = 0; at < 20; at++) {
      const { peer } = connect('listen');
      const isLast = at === 19;
      peer.send = (message) => {
        if (isLast && typeof message !== 'string') seqs.push(readChunk(message)?.seq ?? -1);
        return SEND.SENT;
      };
    }
    const main = relay.streams.get('main') as Stream;
    for (const listener of main.listeners) stream.listeners.add(listener);
    const payload = new Uint8Array(1 << 20);
    const count = MAX_WAITING_FAN_OUT_BYTES / payload.length + 1;
    for (let at = 0; at < count; at++) stream.publish({ durationMs: 1, payload }, 0);
    while (turns.length > 0) turns.shift()?.();
    const read = (column: number) => tables.streams.get(stream.slot, column);
    expect([read(STREAM.chunks_published), read(STREAM.chunks_sent), read(STREAM.chunks_dropped)]).toEqual([
      count,
      (count - 2) * 20,
      2 * 20,
    ]);
    expect(seqs).toEqual(Array.from({ length: count - 2 }, (_, at) => at + 1));
  });
});
