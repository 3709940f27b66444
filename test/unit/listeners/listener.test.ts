import { describe, expect, test } from '@jest/globals';
import { clock, connect, hub, publish, report, row, sweep } from '../relay/world.js';

describe('a listener that confirms', () => {
  test('is dropped chunks from the bound and one report interval on, and sent again once it confirms', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    publish(engine, 5);
    report(listener, { lastSeq: 5 });
    expect(row(0, 'chunks_in_flight', 'outstanding_ms')).toEqual([0, 0]);
    publish(engine, 50);
    // 2,000 ms + 2,000 ms: 40 chunks of 100 ms may be outstanding.
    expect(row(0, 'chunks_sent', 'chunks_dropped', 'chunks_in_flight', 'outstanding_ms')).toEqual([45, 10, 40, 4000]);
    expect(row(0, 'dropped_per_min')).toEqual([10]);
    report(listener, { lastSeq: 45 });
    publish(engine, 1);
    expect(listener.peer.seqs.at(-1)).toBe(56);
    expect(row(0, 'chunks_sent', 'chunks_dropped', 'chunks_in_flight')).toEqual([46, 10, 1]);
    expect(listener.peer.closedWith).toBeNull();
    expect(hub('chunks_dropped')).toBe(10);
  });

  test('shows nothing of what the one that reported before it confirmed', () => {
    const [engine, first] = [connect('publish'), connect('listen')];
    publish(engine, 5);
    const second = connect('listen');
    report(first, { lastSeq: 3, playbackState: 'playing', bufferDepthMs: 200 });
    clock.now += 100;
    report(first, { lastSeq: 4, playbackState: 'playing', bufferDepthMs: 200 });
    report(second, { chunksReceived: 1 });
    expect(row(0, 'chunks_in_flight', 'outstanding_ms', 'buffer_model_ms', 'reports')).toEqual([1, 100, 200, 2]);
    expect(row(1, 'chunks_in_flight', 'buffer_model_ms', 'reports')).toEqual([Number.NaN, Number.NaN, 1]);
    expect(row(1, 'last_report_at', 'state')).toEqual([Math.round(clock.now / 1000), 0]);
  });

  test('that confirms every 2 s is never dropped a chunk', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    for (let interval = 0; interval < 100; interval++) {
      publish(engine, 20);
      report(listener, { lastSeq: interval * 20 + 18 });
      clock.now += 2000;
      sweep.run(clock.now);
    }
    expect(row(0, 'chunks_sent', 'chunks_dropped')).toEqual([2000, 0]);
  });

  test('is sent three chunks beyond its last report, however long they are', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    publish(engine, 1);
    report(listener, { lastSeq: 1 });
    publish(engine, 4, undefined, 100, 5_000);
    expect(row(0, 'chunks_sent', 'chunks_dropped', 'outstanding_ms')).toEqual([4, 1, 15_000]);
    report(listener, { lastSeq: 4 });
    publish(engine, 1, undefined, 5_000, 5_000);
    expect(listener.peer.seqs).toEqual([1, 2, 3, 4, 6]);
  });

  test('that is hidden confirms once a minute, and its socket speaks for it', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    publish(engine, 5);
    report(listener, { lastSeq: 5, hidden: true });
    publish(engine, 300);
    sweep.run(clock.now);
    publish(engine, 300);
    expect(row(0, 'chunks_dropped')).toEqual([0]);
    report(listener, { lastSeq: 605, hidden: false });
    // All was well for a minute: it is asked to report every 2.5 s, and may owe as much more.
    publish(engine, 50);
    expect(row(0, 'chunks_dropped')).toEqual([5]);
  });

  test('that confirms what it never read is held to its socket', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    publish(engine, 1);
    const size = (listener.peer.sent.at(-1) as Uint8Array).length;
    listener.peer.status = 0;
    publish(engine, 60, () => {
      listener.peer.waiting = listener.peer.seqs.length * size;
      report(listener, { lastSeq: listener.peer.seqs.at(-1) });
    });
    expect(row(0, 'chunks_in_flight')).toEqual([0]);
    // 2,000 ms of audio wait; what would come on top is dropped.
    expect(listener.peer.seqs.length).toBeLessThanOrEqual(22);
    expect(row(0, 'chunks_dropped')[0]).toBeGreaterThan(35);
  });

  test('a chunk that was never sent is not confirmed', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    publish(engine, 5);
    report(listener, { lastSeq: 999 });
    publish(engine, 100);
    expect(row(0, 'chunks_dropped', 'chunks_in_flight')).toEqual([0, Number.NaN]);
  });
});

describe('a listener that does not confirm', () => {
  test('is dropped chunks by its socket’s backlog', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    publish(engine, 60);
    expect(row(0, 'chunks_sent', 'chunks_dropped', 'outstanding_ms')).toEqual([60, 0, 0]);
    const size = (listener.peer.sent.at(-1) as Uint8Array).length;
    listener.peer.status = 0;
    publish(engine, 30, () => {
      listener.peer.waiting += size;
    });
    // 20 messages waiting are 2,000 ms; one more may still go.
    expect(row(0, 'chunks_dropped')[0]).toBeGreaterThan(0);
    expect(row(0, 'chunks_sent', 'chunks_dropped').reduce((sum, count) => (sum ?? 0) + (count ?? 0), 0)).toBe(90);
  });

  test('what the socket does not take is booked as dropped', () => {
    const [engine, listener, other] = [connect('publish'), connect('listen'), connect('listen')];
    listener.peer.status = 2;
    publish(engine, 7);
    expect(row(0, 'chunks_sent', 'chunks_dropped')).toEqual([0, 7]);
    expect(row(1, 'chunks_sent', 'chunks_dropped')).toEqual([7, 0]);
    expect(other.peer.seqs).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });
});

describe('since when it is not well', () => {
  const stalls = (seconds: number, listener: ReturnType<typeof connect>, playbackState: string) => {
    for (let second = 0; second < seconds; second++) {
      clock.now += 1000;
      report(listener, { playbackState });
      sweep.run(clock.now);
    }
  };

  test('counts from the first judgement, over what is well for less than 10 s, and ends after that', () => {
    const listener = connect('listen');
    stalls(3, listener, 'playing');
    expect(row(0, 'status', 'not_ok_since')).toEqual([0, Number.NaN]);
    stalls(2, listener, 'stalled');
    const since = Math.round(clock.now / 1000) - 1;
    expect(row(0, 'status', 'not_ok_since')).toEqual([2, since]);
    stalls(9, listener, 'playing');
    expect(row(0, 'status', 'not_ok_since')).toEqual([0, since]);
    stalls(1, listener, 'stalled');
    stalls(9, listener, 'playing');
    expect(row(0, 'not_ok_since')).toEqual([since]);
    stalls(1, listener, 'playing');
    expect(row(0, 'not_ok_since')).toEqual([Number.NaN]);
  });

  test('one that has left is not unwell', () => {
    const listener = connect('listen');
    stalls(2, listener, 'stalled');
    listener.handler.onClose(listener.peer, 1000, false);
    expect(row(0, 'state', 'status', 'status_reason', 'not_ok_since')).toEqual([2, Number.NaN, Number.NaN, Number.NaN]);
  });
});
