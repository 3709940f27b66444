import type { Listener } from '@auralis/server/listeners/listener';
import { FanOut } from '@auralis/server/relay/fan-out';
import { Stream } from '@auralis/server/relay/stream';
import { HubCounters } from '@auralis/server/state/counters';
import { STREAM } from '@auralis/server/state/tables';
import { SEND } from '@auralis/server/transport/transport';
import {
  MAX_CHUNK_MESSAGE_BYTES,
  MAX_CHUNKS_AT_ONCE,
  MAX_REFUSALS_PER_MIN,
  MAX_WAITING_CHUNKS,
  MAX_WAITING_FAN_OUT_BYTES,
  MAX_WAITING_FAN_OUT_BYTES_PER_STREAM,
  OWN_FAN_OUT_BYTES,
  readChunk,
} from '@auralis/shared';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { clock, connect, endTurn, hub, publish, publishAtOnce, relay, row, tables } from './world.js';

describe('fan-out', () => {
  const turns: (() => void)[] = [];
  let fanOut: FanOut;
  let given: string[];
  const listeners = (count: number) =>
    new Set(Array.from({ length: count }, (_, at) => ({ id: String(at), number: 0 }) as unknown as Listener));
  const turn = () => {
    given = [];
    turns.shift()?.();
    return given;
  };
  /** Listeners that each turn serves, until nothing waits. */
  const allTurns = () => {
    const pieces: string[][] = [];
    while (turns.length > 0) pieces.push(turn());
    return pieces.filter((piece) => piece.length > 0);
  };
  const note = (name: string) => (some: readonly Listener[]) => void given.push(`${name}${some.length}`);

  beforeEach(() => {
    turns.length = 0;
    given = [];
    fanOut = new FanOut((callback) => turns.push(callback));
  });

  test('is done at once where it is little work, and nothing waits', () => {
    const [few, many] = [listeners(200), listeners(300)];
    expect([fanOut.takeAtOnce(few, 1 << 20), fanOut.takeAtOnce(many, 100), fanOut.takeAtOnce(few, 100)]).toEqual([
      false,
      false,
      true,
    ]);
    allTurns();
    fanOut.add(few, 1 << 20, note('a'));
    expect([fanOut.takeAtOnce(few, 100), fanOut.takeAtOnce(listeners(200), 100)]).toEqual([false, true]);
    allTurns();
    expect(fanOut.takeAtOnce(few, 100)).toBe(true);
  });

  test('does no more at once than one turn has time for, over all messages of all streams', () => {
    const streams = Array.from({ length: 5 }, () => listeners(20));
    let sends = 0;
    for (let message = 0; message < 190; message++)
      for (const stream of streams) if (fanOut.takeAtOnce(stream, 0)) sends += stream.size;
    expect(sends).toBe(240);
    turn();
    expect(fanOut.takeAtOnce(listeners(240), 0)).toBe(true);
    expect(fanOut.takeAtOnce(listeners(0), 0)).toBe(true);
  });

  test('sends 190 tiny messages of each of two streams to 200 listeners, at most 256 sends a turn', () => {
    const streams = [listeners(200), listeners(200)];
    let sends = 0;
    const count = (some: readonly Listener[]) => {
      sends += some.length;
    };
    for (let message = 0; message < 190; message++) {
      for (const stream of streams) {
        if (fanOut.takeAtOnce(stream, 30)) sends += stream.size;
        else fanOut.add(stream, 30, count);
      }
    }
    const sendsOfTurns = [sends];
    while (turns.length > 0) {
      sends = 0;
      turn();
      sendsOfTurns.push(sends);
    }
    expect(Math.max(...sendsOfTurns)).toBeLessThanOrEqual(256);
    expect(sendsOfTurns.reduce((total, some) => total + some)).toBe(2 * 190 * 200);
  });

  test('has one piece in each turn, of as many sends as the message is long', () => {
    fanOut.add(listeners(300), 0, note('a'));
    fanOut.add(listeners(40), 15 * 16 * 1024, note('b'));
    expect(turns.length).toBe(1);
    expect(allTurns()).toEqual([['a256'], ['b16'], ['a44', 'b14'], ['b10']]);
  });

  test('sends a chunk of the largest size to one listener a turn', () => {
    fanOut.add(listeners(5), MAX_CHUNK_MESSAGE_BYTES, note('a'));
    expect(allTurns()).toEqual([['a1'], ['a1'], ['a1'], ['a1'], ['a1']]);
  });

  test('gives streams their turns: one that floods the hub delays another by one piece', () => {
    const [flooded, other] = [listeners(2000), listeners(20)];
    for (let message = 0; message < 500; message++) fanOut.add(flooded, 0, note('flood'));
    turn();
    fanOut.add(other, 0, note('other'));
    expect([turn(), turn()].flat()).toContain('other20');
  });

  test('keeps the order of the messages of a stream', () => {
    const some = listeners(100);
    for (const name of 'abcdefgh') fanOut.add(some, 0, note(name));
    const pieces = allTurns().flat();
    expect([...new Set(pieces.map((piece) => piece[0]))].join('')).toBe('abcdefgh');
    const counts = pieces.reduce((total, piece) => total + Number(piece.slice(1)), 0);
    expect(counts).toBe(800);
  });

  test('has an end where all have left', () => {
    const some = listeners(300);
    for (let message = 0; message < 1000; message++) fanOut.add(some, 0, note('a'));
    some.clear();
    let count = 0;
    for (; turns.length > 0; count++) expect(turn()).toEqual([]);
    expect(count).toBeLessThan(10);
  });

  test('leaves out who has left, and who came later', () => {
    const some = listeners(300);
    fanOut.add(some, 0, note('a'));
    const [first] = some;
    some.delete(first as Listener);
    some.add({ id: 'late', number: Number.POSITIVE_INFINITY } as unknown as Listener);
    expect(allTurns()).toEqual([['a256'], ['a43']]);
  });

  test('bounds what waits, of each stream and of all, and leaves each some room', () => {
    const streams = [listeners(1), listeners(1), listeners(1)] as const;
    const share = MAX_WAITING_FAN_OUT_BYTES_PER_STREAM;
    const room = (at: number, bytes: number) => fanOut.hasRoom(streams[at] as Set<Listener>, bytes);
    expect([room(0, share), room(0, share + 1)]).toEqual([true, false]);
    fanOut.add(streams[0], share, note('a'));
    expect([room(0, 1), room(1, share)]).toEqual([false, true]);
    fanOut.add(streams[1], MAX_WAITING_FAN_OUT_BYTES - share, note('b'));
    expect([room(2, OWN_FAN_OUT_BYTES), room(2, OWN_FAN_OUT_BYTES + 1)]).toEqual([true, false]);
    allTurns();
    expect([room(0, share), room(2, share)]).toEqual([true, true]);
  });
});

describe('a stream with more listeners than one piece', () => {
  const LISTENERS = 300;

  test('gives each of them every chunk, in order, and books what it gave', () => {
    const engine = connect('publish');
    const listeners = Array.from({ length: LISTENERS }, () => connect('listen'));
    publishAtOnce(engine, 3);
    expect(listeners[0]?.peer.seqs).toEqual([]);
    const late = connect('listen');
    const [first] = listeners;
    first?.handler.onClose(first.peer, 1000, false);
    endTurn();
    for (const { peer } of listeners.slice(1)) expect(peer.seqs).toEqual([1, 2, 3]);
    expect([first?.peer.seqs, late.peer.seqs]).toEqual([[], []]);
    expect(row(1, 'chunks_sent', 'chunks_dropped')).toEqual([3, 0]);
    expect([hub('chunks_sent'), hub('chunks_dropped')]).toEqual([3 * (LISTENERS - 1), 0]);
    publish(engine, 1);
    expect(late.peer.seqs).toEqual([4]);
  });

  test('hears of another format behind the chunks before it', () => {
    const engine = connect('publish');
    const listeners = Array.from({ length: LISTENERS }, () => connect('listen'));
    publishAtOnce(engine, 1);
    engine.handler.onClose(engine.peer, 1000, false);
    const next = connect('publish', 'encoding=pcm_s16le');
    publishAtOnce(next, 1);
    endTurn();
    const kinds = listeners[7]?.peer.sent.slice(1).map((message) => (typeof message === 'string' ? 'format' : 'chunk'));
    expect(kinds).toEqual(['chunk', 'format', 'chunk']);
  });

  test('sends chunks of one read in later turns, every one of them, in order', () => {
    const engine = connect('publish');
    const listeners = Array.from({ length: 50 }, () => connect('listen'));
    publishAtOnce(engine, 190, 0.001);
    expect(listeners[0]?.peer.seqs).toEqual([1, 2, 3, 4, 5]);
    endTurn();
    const all = Array.from({ length: 190 }, (_, at) => at + 1);
    for (const { peer } of listeners) expect(peer.seqs).toEqual(all);
    expect([hub('chunks_sent'), hub('chunks_dropped')]).toEqual([50 * 190, 0]);
  });

  test('takes 200 chunks a second, 1,000 after a pause; it refuses more, and keeps its engine', () => {
    const engine = connect('publish');
    const { peer } = connect('listen');
    publishAtOnce(engine, MAX_CHUNKS_AT_ONCE + 500, 0.001);
    endTurn();
    expect([peer.seqs.length, hub('messages_refused'), engine.peer.closedWith]).toEqual([1000, 500, null]);
    const answers = engine.peer.sent.map((message) => (JSON.parse(message as string) as { code: string }).code);
    expect(answers).toEqual(new Array(MAX_REFUSALS_PER_MIN).fill('too_fast'));
    clock.now += 1000;
    engine.handler.onClose(engine.peer, 1000, false);
    const again = connect('publish');
    publishAtOnce(again, 300, 0.001);
    endTurn();
    expect([peer.seqs.length, peer.seqs.at(-1), hub('messages_refused')]).toEqual([1200, 1200, 600]);
    expect([row(0, 'chunks_sent'), hub('chunks_sent')]).toEqual([[1200], 1200]);
  });

  test('takes chunks of 10 ms at twice real time, and 10 s of them at once from an engine that comes back', () => {
    const engine = connect('publish');
    publish(engine, 6000, undefined, 5, 10);
    engine.handler.onClose(engine.peer, 1006, false);
    clock.now += 5000;
    const again = connect('publish');
    publishAtOnce(again, MAX_CHUNKS_AT_ONCE, 10);
    expect([hub('messages_refused'), again.peer.sent]).toEqual([0, []]);
  });

  test('refuses chunks while as many wait as may', () => {
    const engine = connect('publish');
    const listeners = Array.from({ length: LISTENERS }, () => connect('listen'));
    publishAtOnce(engine, MAX_CHUNKS_AT_ONCE, 0.001);
    clock.now += 1000;
    publishAtOnce(engine, 100, 0.001);
    expect(hub('messages_refused')).toBe(MAX_CHUNKS_AT_ONCE + 100 - MAX_WAITING_CHUNKS);
    expect(JSON.parse(engine.peer.sent[0] as string)).toMatchObject({
      code: 'too_fast',
      message: expect.stringContaining(`${MAX_WAITING_CHUNKS} earlier chunks of this stream`),
    });
    endTurn();
    expect(listeners.map(({ peer }) => peer.seqs.length)).toEqual(new Array(LISTENERS).fill(MAX_WAITING_CHUNKS));
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
    const count = MAX_WAITING_FAN_OUT_BYTES_PER_STREAM / payload.length + 1;
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
