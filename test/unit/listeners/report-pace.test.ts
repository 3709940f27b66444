import { MAX_REPORTS_PER_S, ReportPace } from '@auralis/server/listeners/report-pace';
import { REASON } from '@auralis/server/listeners/status';
import { STATUS } from '@auralis/server/state/tables';
import { describe, expect, test } from '@jest/globals';
import { clock, connect, publish, report, row, sweep } from '../relay/world.js';

const BASE_MS = 2_000;

/** A sweep over `count` listeners that are all alike. */
function sweepOver(
  pace: ReportPace,
  count: number,
  listener: { openedAt: number; notOkAt: number },
  now: number,
): void {
  pace.begin();
  for (let at = 0; at < count; at++) pace.count(pace.suitable(listener, now));
  pace.end();
}

describe('ReportPace', () => {
  const at = (seconds: number, notOkAt = 0, reportIntervalMs = BASE_MS, openedAt = 0) => {
    const pace = new ReportPace(BASE_MS);
    return pace.next(pace.suitable({ openedAt, notOkAt: notOkAt || -1 }, seconds * 1000), reportIntervalMs);
  };

  test('the sick more often, the well less, those between as configured', () => {
    expect(new ReportPace(BASE_MS).first).toBe(2_000);
    expect([1, 29, 31].map((seconds) => at(seconds))).toEqual([2_000, 2_000, 2_500]);
    expect([20, 29, 31, 49, 51].map((seconds) => at(seconds, 20_000))).toEqual([500, 500, 2_000, 2_000, 2_500]);
  });

  test('what was wrong with the connection before is not held against this one', () => {
    expect(at(25, 20_000, BASE_MS, 21_000)).toBe(2_000);
  });

  test('within limits, whatever is configured', () => {
    const intervals = (baseMs: number) => {
      const pace = new ReportPace(baseMs);
      const next = (notOkAt: number, seconds: number) =>
        pace.next(pace.suitable({ openedAt: 0, notOkAt }, seconds * 1000), baseMs);
      return [next(20_000, 21), next(-1, 1), next(-1, 60)];
    };
    expect(intervals(250)).toEqual([250, 250, 350]);
    expect(intervals(1_000)).toEqual([500, 1_000, 1_250]);
    expect(intervals(8_000)).toEqual([2_000, 8_000, 10_000]);
    // Near enough to what it was asked for.
    expect(intervals(9_000)).toEqual([2_250, 9_000, 9_000]);
    expect(intervals(60_000)).toEqual([15_000, 60_000, 60_000]);
  });

  test.each([
    ['well', { openedAt: 0, notOkAt: -1 }, 2_500],
    ['sick', { openedAt: 0, notOkAt: 100_000 }, 500],
  ])('all together not more than the hub can take: %s', (_, listener, alone) => {
    const pace = new ReportPace(BASE_MS);
    const next = () => pace.next(pace.suitable(listener, 100_000), BASE_MS);
    sweepOver(pace, 500, listener, 100_000);
    expect(next()).toBe(alone);
    sweepOver(pace, 15_000, listener, 100_000);
    expect(next()).toBeGreaterThan(alone);
    expect(15_000 / (next() / 1000)).toBeLessThanOrEqual(MAX_REPORTS_PER_S);
    expect(15_000 / (next() / 1000)).toBeGreaterThan(0.9 * MAX_REPORTS_PER_S);
    sweepOver(pace, 200_000, listener, 100_000);
    expect(next()).toBe(10_000);
    sweepOver(pace, 500, listener, 100_000);
    expect(next()).toBe(alone);
  });

  test('a load that breathes asks nobody for anything', () => {
    const pace = new ReportPace(BASE_MS);
    const listener = { openedAt: 0, notOkAt: -1 };
    sweepOver(pace, 15_000, listener, 100_000);
    const asked = pace.next(pace.suitable(listener, 100_000), BASE_MS);
    for (const count of [13_500, 14_000, 16_000, 17_000]) {
      sweepOver(pace, count, listener, 100_000);
      expect(pace.next(pace.suitable(listener, 100_000), asked)).toBe(asked);
    }
  });
});

describe('a listener', () => {
  type Listener = ReturnType<typeof connect>;
  const asks = ({ peer }: Listener) =>
    peer.sent
      .filter((message) => typeof message === 'string')
      .map((text) => JSON.parse(text as string))
      .filter(({ type }) => type === 'report_interval')
      .map(({ reportIntervalMs }) => reportIntervalMs);
  /** Runs the hub for some seconds, the listener reporting each 500 ms. */
  function live(listener: Listener, engine: Listener, seconds: number, says: (at: number) => object): void {
    for (let half = 1; half <= seconds * 2; half++) {
      publish(engine, 5);
      report(listener, says(half));
      if (half % 2 === 0) sweep.run(clock.now);
    }
  }

  test('that starves is asked for more reports, and for fewer when it has been well; its row shows it', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    live(listener, engine, 20, () => ({ bufferUnderruns: 0 }));
    expect([asks(listener), row(0, 'report_interval_ms')]).toEqual([[], [2_000]]);
    live(listener, engine, 5, (at) => ({ bufferUnderruns: at }));
    expect([asks(listener), row(0, 'report_interval_ms')]).toEqual([[500], [500]]);
    live(listener, engine, 60, () => ({ bufferUnderruns: 10 }));
    expect([asks(listener), row(0, 'report_interval_ms')]).toEqual([[500, 2_000, 2_500], [2_500]]);
  });

  test('that starves now and then, and is well between, is not asked to and fro', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    live(listener, engine, 120, (at) => ({ bufferUnderruns: Math.floor(at / 10) }));
    expect(asks(listener)).toEqual([500]);
  });

  test('that is hidden is asked for nothing', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    live(listener, engine, 60, (at) => ({ hidden: true, bufferUnderruns: at }));
    expect(asks(listener)).toEqual([]);
  });

  test('is silent after three of the intervals that it was asked for, and may owe one more interval of audio', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    live(listener, engine, 40, () => ({ lastSeq: listener.peer.seqs.at(-1) }));
    expect(row(0, 'report_interval_ms', 'status', 'chunks_dropped')).toEqual([2_500, 0, 0]);
    publish(engine, 50);
    expect(row(0, 'chunks_dropped')).toEqual([5]);
    for (let second = 6; second <= 7; second++) {
      clock.now += 1000;
      sweep.run(clock.now);
      expect(row(0, 'status_reason')).not.toEqual([REASON.stale]);
    }
    clock.now += 1000;
    sweep.run(clock.now);
    expect(row(0, 'status', 'status_reason')).toEqual([STATUS.critical, REASON.stale]);
  });

  test('that does not know how to report more often loses no chunk for it', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    for (let report2s = 1; report2s <= 30; report2s++) {
      publish(engine, 20);
      report(listener, { lastSeq: report2s * 20, bufferUnderruns: report2s });
      sweep.run(clock.now);
    }
    expect([asks(listener), row(0, 'chunks_dropped')]).toEqual([[500], [0]]);
  });

  test('of a thousand is told in answer to a report of its own, so that they do not come in step', () => {
    const listeners = Array.from({ length: 1000 }, () => connect('listen'));
    const start = clock.now;
    const toldAt: number[] = [];
    // Each reports at its own time in the interval; at 40 s all have long been well.
    for (let ms = 0; ms < 60_000; ms += 2) {
      clock.now = start + ms;
      if (ms % 1000 === 0) sweep.run(clock.now);
      const listener = listeners[(ms % 2_000) / 2] as Listener;
      const before = asks(listener).length;
      report(listener, { chunksReceived: 1 });
      if (asks(listener).length > before) toldAt.push(ms);
    }
    expect(toldAt).toHaveLength(1000);
    for (let at = 1; at < toldAt.length; at++) expect((toldAt[at] as number) - (toldAt[at - 1] as number)).toBe(2);
  });
});
