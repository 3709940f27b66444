import { STREAM } from '@auralis/server/state/tables';
import { describe, expect, test } from '@jest/globals';
import { clock, connect, report, row, sweep, tables } from '../relay/world.js';

const lose = ({ peer, handler }: ReturnType<typeof connect>, code = 1006) => handler.onClose(peer, code, false);
const second = (count = 1) => {
  for (let passed = 0; passed < count; passed++) {
    clock.now += 1000;
    sweep.run(clock.now);
  }
};

describe('a client that comes back', () => {
  test('goes on from its connection before, which says that it was replaced', () => {
    const since = clock.now / 1000;
    const first = connect('listen', 'client=alice');
    expect(row(0, 'reconnects', 'client_since', 'replaced')).toEqual([0, since, Number.NaN]);
    second(10);
    lose(first);
    expect(row(0, 'replaced')).toEqual([0]);
    second(5);
    const again = connect('listen', 'client=alice');
    expect(row(0, 'replaced', 'state')).toEqual([1, 2]);
    expect(row(1, 'reconnects', 'client_since', 'connected_at')).toEqual([1, since, since + 15]);
    second(60);
    expect(tables.connections.size).toBe(1);
    lose(again, 4000);
    second(59);
    connect('listen', 'client=alice');
    const slot = [...tables.connections.slots()].at(-1) as number;
    expect(row(slot, 'reconnects', 'client_since')).toEqual([2, since]);
  });

  test('after its row has gone, to another stream, under another name or under none is a new one', () => {
    lose(connect('listen', 'client=alice'));
    lose(connect('listen'));
    connect('listen', 'client=alice', 'other');
    connect('listen', 'client=bob');
    connect('listen');
    expect([2, 3, 4].flatMap((slot) => row(slot, 'reconnects'))).toEqual([0, 0, Number.NaN]);
    second(60);
    connect('listen', 'client=alice');
    expect(row(tables.connections.slotOf([...keys()].at(-1) as string) as number, 'reconnects')).toEqual([0]);
  });

  test('before the hub has noticed that its connection was lost', () => {
    const first = connect('listen', 'client=alice');
    second(10);
    report(first, { chunksReceived: 1 });
    second(20);
    connect('listen', 'client=alice');
    expect(row(1, 'reconnects')).toEqual([0]);
    second(80);
    lose(first);
    expect([row(0, 'replaced'), row(1, 'reconnects')]).toEqual([[1], [1]]);
  });

  test('while a second tab of the same name is open goes on from its own connection', () => {
    const since = clock.now / 1000;
    const first = connect('listen', 'client=alice');
    second(10);
    const tab = connect('listen', 'client=alice');
    second(10);
    report(first, { chunksReceived: 1 });
    lose(first);
    second(5);
    connect('listen', 'client=alice');
    expect(row(2, 'reconnects', 'client_since')).toEqual([1, since]);
    expect([row(0, 'replaced'), row(1, 'reconnects', 'client_since')]).toEqual([[1], [0, since + 10]]);
    second(5);
    lose(tab);
    second(5);
    connect('listen', 'client=alice');
    expect(row(3, 'reconnects', 'client_since')).toEqual([1, since + 10]);
    expect(row(2, 'reconnects', 'state')).toEqual([1, 0]);
  });

  test('is known while any of its rows is there, and is new after the last has gone', () => {
    const first = connect('listen', 'client=alice');
    const tab = connect('listen', 'client=alice');
    lose(tab, 1001);
    second(60);
    expect(tables.connections.size).toBe(1);
    lose(first);
    connect('listen', 'client=alice');
    expect(row(1, 'reconnects')).toEqual([1]);
  });

  test('as a second tab of the same name is nobody’s successor', () => {
    const first = connect('listen', 'client=alice');
    second(10);
    const tab = connect('listen', 'client=alice');
    second(10);
    report(first, { chunksReceived: 1 });
    lose(first);
    expect([row(0, 'replaced'), row(1, 'reconnects')]).toEqual([[0], [0]]);
    lose(tab, 1001);
    expect(row(1, 'replaced')).toEqual([0]);
  });
});

describe('audio gaps between the connections of a client', () => {
  const stream = (column: keyof typeof STREAM) => tables.streams.get(0, STREAM[column]);
  const plays = (listener: ReturnType<typeof connect>, seconds: number, fields: object = {}) => {
    for (let passed = 0; passed < seconds; passed += 2) {
      second(2);
      report(listener, { playbackState: 'playing', bufferDepthMs: 300, underrunDurationMs: 0, ...fields });
    }
  };

  test('are counted once, for the client and for the stream: three cuts', () => {
    let listener = connect('listen', 'client=alice');
    let slot = 0;
    for (const [cut, awayS] of [10, 9, 11].entries()) {
      plays(listener, 6);
      lose(listener);
      second(awayS);
      listener = connect('listen', 'client=alice');
      slot = cut + 1;
      sweep.run(clock.now);
      expect(row(slot, 'reconnects', 'status', 'status_reason')).toEqual([cut + 1, 2, 1]);
    }
    // 30 s without a connection, of which each time 300 ms were buffered.
    expect(row(slot, 'reconnect_gap_ms')).toEqual([30_000 - 3 * 300]);
    expect(stream('audio_gap_ms')).toBe(30_000 - 3 * 300);
    expect(stream('rebuffering_ratio')).toBeCloseTo(29.1 / 48, 2);
    plays(listener, 6);
    expect([row(slot, 'status'), stream('audio_gap_ms')]).toEqual([[0], 29_100]);
  });

  test('that the hub notices late are counted from when a report was due', () => {
    const first = connect('listen', 'client=alice');
    plays(first, 10);
    second(20);
    connect('listen', 'client=alice');
    expect(stream('audio_gap_ms')).toBe(0);
    second(80);
    lose(first);
    const intervalMs = row(0, 'report_interval_ms')[0] as number;
    expect(row(1, 'reconnect_gap_ms')).toEqual([20_000 - intervalMs - 300]);
    expect(stream('audio_gap_ms')).toBe(20_000 - intervalMs - 300);
  });

  test.each([
    ['paused', { playbackState: 'paused' }, 1006],
    ['says nothing of its buffer', { bufferDepthMs: null }, 1006],
    ['had enough in its buffer', { bufferDepthMs: 5_000 }, 1006],
    ['says what cannot be', { bufferDepthMs: -1 }, 1006],
    ['left', {}, 1001],
  ])('are none of a client that %s', (_, fields, code) => {
    const first = connect('listen', 'client=alice');
    plays(first, 10, fields);
    lose(first, code);
    second(5);
    connect('listen', 'client=alice');
    sweep.run(clock.now);
    expect(row(1, 'reconnects', 'reconnect_gap_ms', 'status')).toEqual([1, 0, 0]);
    expect(stream('audio_gap_ms') || 0).toBe(0);
  });
});

const keys = () => [...tables.connections.slots()].map((slot) => tables.connections.keyOf(slot));
