import { appendFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { History, HistoryError, HistoryUnavailableError } from '@auralis/server/history/history';
import { HistoryStore } from '@auralis/server/history/history-store';
import { planPoints, spanOf } from '@auralis/server/history/query';
import { readingIn } from '@auralis/server/history/reading';
import { Recorder } from '@auralis/server/history/recorder';
import { keptColumns, RESOLUTIONS, type Resolution } from '@auralis/server/history/resolutions';
import { SnapshotWriter } from '@auralis/server/history/snapshot';
import { Snapshots } from '@auralis/server/history/snapshots';
import { createTables } from '@auralis/server/state/tables';
import { toTheEnd } from '@auralis/server/time/time-slicer';
import { decodeResponse, Replica, SCHEMAS, type Snapshot, Table } from '@auralis/shared';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { newDataDir } from '../../harness/hub.js';

const HOUR = 3_600_000;
/** A whole hour, so that every resolution is due. */
const T0 = Date.UTC(2026, 0, 1);
const [BY_1S, BY_10S, BY_60S, OF_CONNECTIONS] = RESOLUTIONS as [Resolution, Resolution, Resolution, Resolution];

const root = newDataDir();
let store: Snapshots;
let dirs = 0;
beforeAll(async () => {
  store = await openIn('common');
});
afterAll(async () => {
  await store.close();
  rmSync(root, { recursive: true });
});

const openIn = (name: string, resolutions = RESOLUTIONS) => {
  const onDamage = ({ file, why }: { file: string; why: string }) => {
    throw new Error(`${file}: ${why}`);
  };
  return Snapshots.open(join(root, name), onDamage, resolutions);
};

/** Tables that are recorded, second by second, as a test says. */
function world(inStore: Snapshots) {
  const tables = createTables();
  const kept = new HistoryStore(async () => inStore);
  const recorder = new Recorder(tables, kept, 'hub@1', (error) => {
    throw error;
  });
  const tick = async (t: number) => {
    toTheEnd(recorder.steps(t, t));
    await recorder.settled();
  };
  return { tables, kept, history: new History(kept), tick };
}

async function timesOf(store: HistoryStore, resolution: Resolution): Promise<number[]> {
  const reader = (await store.read()).reader(resolution, resolution.tables[0] as (typeof resolution.tables)[number]);
  const times: number[] = [];
  for (let found = await reader.findFrom(0); found !== null; found = await reader.findFrom(found.t + 1)) {
    times.push(found.t);
  }
  return times;
}

function snapshotOf(bytes: Uint8Array): Snapshot {
  const message = decodeResponse(bytes);
  if (message.kind !== 'snapshot') throw new Error(message.kind);
  return message;
}

test('a folder that is removed is noticed within five seconds', async () => {
  const snapshots = await openIn('removed');
  const writer = new SnapshotWriter('hub@1');
  const bytes = toTheEnd(writer.steps(createTables().hubs, keptColumns('hubs'), T0)) as unknown as Uint8Array;
  const append = (t: number) => snapshots.append([{ resolution: BY_1S, table: 'hubs', t, bytes }], t);
  await append(T0);
  rmSync(join(root, 'removed'), { recursive: true });
  await append(T0 + 1_000);
  await expect(append(T0 + 5_000)).rejects.toThrow('were removed while the hub runs');
  await snapshots.close();
});

const operations = fc.array(
  fc.array(
    fc.record({
      row: fc.constantFrom('a', 'b', 'c', 'ä'),
      does: fc.oneof(fc.constant('goes' as const), fc.constant(null), fc.integer({ min: -(2 ** 40), max: 2 ** 40 })),
    }),
    { maxLength: 4 },
  ),
  { minLength: 1, maxLength: 25 },
);

describe('history', () => {
  test('answers what the table held at each instant, and null where the row or the reading was not there', async () => {
    const column = SCHEMAS.engines.index.phrase_queue_depth;
    let run = 0;
    await fc.assert(
      fc.asyncProperty(operations, fc.integer({ min: 0, max: 999 }), async (seconds, offset) => {
        const { tables, history, tick } = world(store);
        const start = T0 + run++ * HOUR;
        const held: Map<string, number | null>[] = [];
        const model = new Map<string, number | null>();
        for (const [second, changes] of seconds.entries()) {
          for (const { row, does } of changes) {
            const slot = tables.engines.slotOf(row) ?? tables.engines.open(row);
            if (does === 'goes') {
              tables.engines.close(slot);
              model.delete(row);
            } else {
              tables.engines.set(slot, column, does ?? Number.NaN);
              model.set(row, does);
            }
          }
          held.push(new Map(model));
          await tick(start + second * 1000 + offset);
        }
        // A snapshot taken within a second is what there is at the second's end.
        const from = start + (offset === 0 ? 0 : 1000);
        const to = from + (seconds.length - 1) * 1000;
        for (const row of ['a', 'b', 'c', 'ä', 'nobody']) {
          const query = { table: 'engines', row, column: 'phrase_queue_depth', step: 1000, from, to } as const;
          const { points } = await history.points(query, to);
          expect(points).toEqual(held.map((rows, at) => [from + at * 1000, rows.get(row) ?? null]));
        }
      }),
      { numRuns: 12 },
    );
  });

  test('is kept by the second for an hour, by ten for a day; a gap is null and not the last that was known', async () => {
    const own = await openIn(`dir-${dirs++}`);
    const { tables, kept, history, tick } = world(own);
    const hub = tables.hubs.open('hub');
    const end = T0 + 2 * HOUR;
    const stopped = { from: T0 + HOUR + 1_800_000, to: T0 + HOUR + 1_860_000 };
    for (let t = T0; t <= end; t += 10_000) {
      tables.hubs.set(hub, SCHEMAS.hubs.index.reports, (t - T0) / 1000);
      if (t <= stopped.from || t > stopped.to) await tick(t);
    }
    for (let t = end + 1000; t <= end + 5000; t += 1000) await tick(t);

    const [first = 0] = await timesOf(kept, BY_1S);
    // Files go whole, and one covers five minutes.
    expect(first).toBeGreaterThanOrEqual(end - HOUR - 70_000 - 300_000);
    expect(first).toBeLessThanOrEqual(end - HOUR);
    expect(await timesOf(kept, BY_10S)).toHaveLength(2 * 360 + 1 - 6);
    // The minute in which it came back is recorded, late.
    expect(await timesOf(kept, BY_60S)).toHaveLength(2 * 60 + 1);
    expect((await timesOf(kept, OF_CONNECTIONS)).at(0)).toBeGreaterThanOrEqual(end - HOUR - 370_000);

    const query = { table: 'hubs', row: 'hub', column: 'reports' } as const;
    const whole = await history.points({ ...query, from: T0, to: end, step: 10_000 }, end);
    expect(whole.points).toEqual(
      Array.from({ length: 721 }, (_, at) => {
        const t = T0 + at * 10_000;
        // It holds for two steps: what came late leaves no hole.
        const isGap = t >= stopped.from + 20_000 && t <= stopped.to;
        return [t, isGap ? null : (Math.min(t, t > stopped.from && t <= stopped.to ? stopped.from : t) - T0) / 1000];
      }),
    );
    const lately = await history.points(query, end);
    expect([lately.stepMs, lately.points.at(0)?.[0], lately.points.at(-1)]).toEqual([2000, end - 900_000, [end, 7200]]);
    await own.close();

    const again = await openIn(`dir-${dirs - 1}`);
    const reopened = world(again);
    await reopened.tick(end + 6000);
    expect(await reopened.history.points({ ...query, from: T0, to: end, step: 10_000 }, end)).toEqual(whole);
    await again.close();
  });

  test('one that is full gives up its oldest files, and what is left of a day lies in few', async () => {
    const small: Resolution = {
      name: 'small',
      stepMs: 1000,
      keepMs: HOUR,
      fileMs: 5000,
      maxBytes: 400_000,
      tables: ['hubs', 'hosts'],
    };
    const name = `dir-${dirs++}`;
    const kept = await openIn(name, [small]);
    const bytes = new Uint8Array(5_000).fill(7);
    let most = 0;
    for (let second = 0; second < 200; second++) {
      const t = T0 + second * 1000;
      await kept.append(
        small.tables.map((table) => ({ resolution: small, table, t, bytes })),
        t,
      );
      most = Math.max(most, kept.bytes(small));
      expect((await kept.reader(small, 'hubs').findUpTo(T0 + HOUR))?.t).toBe(t);
    }
    expect(most).toBeLessThanOrEqual(400_000);
    expect(most).toBeGreaterThan(350_000);
    const onDisk = readdirSync(join(root, name), { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(onDisk.length).toBeLessThanOrEqual(16);
    const reader = kept.reader(small, 'hosts');
    const found = await reader.findUpTo(T0 + HOUR);
    const held = found === null ? null : await reader.read(found);
    expect(new Uint8Array(held?.bytes ?? [])).toEqual(bytes);
    await kept.close();
  });

  test('goes on in its last file after a restart, and in a new one if that failed or the clock went back', async () => {
    const one: Resolution = {
      name: 'one',
      stepMs: 1000,
      keepMs: HOUR,
      fileMs: HOUR,
      maxBytes: 1e6,
      tables: ['hubs'],
    };
    const name = `dir-${dirs++}`;
    const append = async (second: number) => {
      const kept = await openIn(name, [one]);
      const t = T0 + second * 1000;
      await kept.append([{ resolution: one, table: 'hubs', t, bytes: new Uint8Array([second]) }], t);
      const reader = kept.reader(one, 'hubs');
      const values: number[] = [];
      for (let found = await reader.findFrom(0); found !== null; found = await reader.findFrom(found.t + 1)) {
        values.push((await reader.read(found)).bytes?.[0] ?? Number.NaN);
      }
      await kept.close();
      return values;
    };
    const files = () => readdirSync(join(root, name, 'one', 'hubs')).length;
    for (const second of [10, 11, 12]) await append(second);
    expect([await append(13), files()]).toEqual([[10, 11, 12, 13], 1]);
    const [file = ''] = readdirSync(join(root, name, 'one', 'hubs'));
    appendFileSync(join(root, name, 'one', 'hubs', file), new Uint8Array([0xff, 0x41]));
    expect([await append(14), files()]).toEqual([[10, 11, 12, 13, 14], 1]);
    expect([await append(5), files()]).toEqual([[5, 10, 11, 12, 13, 14], 2]);
  });

  test('snapshots decode, and replayed make the rows that there were', async () => {
    const { tables, history, tick } = world(store);
    const start = T0 + 1000 * HOUR;
    const slots = ['s1', 's2', 's3'].map((name) => tables.streams.open(name));
    const expected: unknown[] = [];
    for (let second = 0; second < 5; second++) {
      for (const slot of slots) tables.streams.set(slot, SCHEMAS.streams.index.latency_p50_ms, second * 10 + slot / 10);
      if (second === 3) tables.streams.close(slots[1] as number);
      if (second === 3) slots.splice(1, 1);
      await tick(start + second * 1000);
      expected.push(slots.map((slot) => [tables.streams.keyOf(slot), second * 10 + slot / 10]));
    }
    const replica = new Replica(SCHEMAS.streams.columns);
    const replayed: unknown[] = [];
    for await (const bytes of await history.frames({ table: 'streams', from: start, to: start + 4000 }, start + 4000)) {
      expect(replica.apply(snapshotOf(bytes))?.reset).toBe(true);
      replayed.push([...replica.rows.values()].map((row) => [row.key, row.value(108)]));
    }
    expect(replayed).toEqual(expected);
  });
});

test('a reading is found in a snapshot as decoding all of it finds it', () => {
  const writer = new SnapshotWriter('hub@1');
  const cell = fc.oneof(
    fc.constant(Number.NaN),
    fc.double({ min: -1e9, max: 1e9, noNaN: true }),
    fc.integer({ min: 0, max: 3 }),
  );
  const rows = fc.uniqueArray(fc.tuple(fc.string({ maxLength: 300 }), fc.array(cell, { minLength: 3, maxLength: 3 })), {
    selector: ([key]) => key,
    maxLength: 40,
  });
  const columns = keptColumns('connections').slice(4, 7);
  fc.assert(
    fc.property(rows, fc.nat(5), (given, closed) => {
      const table = new Table(SCHEMAS.connections);
      for (const [key, cells] of given) {
        const slot = table.open(key, ['main', 'x'.repeat(key.length), '', 'ü']);
        for (const [at, column] of columns.entries()) table.set(slot, column.index, cells[at] as number);
      }
      if (closed < table.size) table.close(closed);
      const bytes = toTheEnd(writer.steps(table, columns, T0 + 0.5));
      const replica = new Replica(columns);
      replica.apply(snapshotOf(bytes));
      for (const [key] of given) {
        for (const column of columns) {
          expect(readingIn(bytes, key, column)).toBe(replica.rows.get(key)?.value(column.id) ?? null);
        }
      }
      expect(readingIn(bytes, 'x'.repeat(301), columns[0] as (typeof columns)[0])).toBeNull();
    }),
    { numRuns: 50 },
  );
});

test('a row that goes between two steps of a snapshot has no readings of another row', () => {
  const writer = new SnapshotWriter('hub@1');
  const table = new Table(SCHEMAS.connections);
  const column = keptColumns('connections')[4] as ReturnType<typeof keptColumns>[number];
  for (let at = 0; at < 2_500; at++) table.set(table.open(`old${at}`, ['', '', '', '']), column.index, 1);
  const steps = writer.steps(table, [column], T0);
  expect(steps.next().done).toBe(false);
  table.close(7);
  table.set(table.open('new', ['', '', '', '']), column.index, 2);
  expect(table.slotOf('new')).toBe(7);
  const bytes = toTheEnd(steps);
  expect(['old6', 'old7', 'old8', 'new'].map((key) => readingIn(bytes, key, column))).toEqual([1, null, 1, null]);
});

test('a disk that takes nothing is tried twice a minute, and news once until it takes something again', async () => {
  let isFull = true;
  const told: [string, boolean][] = [];
  const append = async () => {
    if (isFull) throw new Error('ENOSPC');
  };
  const recorder = new Recorder(createTables(), { append }, 'hub@1', (error, isNews) =>
    told.push([(error as Error).message, isNews]),
  );
  for (const [second, full] of [
    [0, true],
    // Not tried.
    [1, true],
    [29, false],
    [31, true],
    [61, false],
    [62, true],
  ] as const) {
    isFull = full;
    toTheEnd(recorder.steps(T0 + second * 1000, T0 + second * 1000));
    await recorder.settled();
  }
  expect(told).toEqual([
    ['ENOSPC', true],
    ['ENOSPC', false],
    ['ENOSPC', true],
  ]);
});

test('a store that cannot be opened is tried again, and until then nobody is answered as if there were nothing', async () => {
  let isThere = false;
  let tries = 0;
  const kept = new HistoryStore(async () => {
    tries++;
    if (isThere) return store;
    throw new Error('EACCES');
  });
  const told: boolean[] = [];
  const recorder = new Recorder(createTables(), kept, 'hub@1', (_, isNews) => told.push(isNews));
  const history = new History(kept);
  const start = T0 + 2000 * HOUR;
  const frames = () => history.frames({ table: 'hubs', from: start, to: start + HOUR }, start + HOUR);
  await expect(frames()).rejects.toThrow(HistoryUnavailableError);
  for (const second of [0, 31, 62]) {
    isThere = second === 62;
    toTheEnd(recorder.steps(start + second * 1000, start + second * 1000));
    await recorder.settled();
    expect(recorder.isFailing).toBe(!isThere);
    if (!isThere) await expect(frames()).rejects.toThrow('history is not there: EACCES');
  }
  expect([tries, told]).toEqual([3, [true, false]]);
  expect((await (await frames()).next()).value).toBeInstanceOf(Uint8Array);
});

test('what the disk has not taken yet is not heaped up', async () => {
  let appends = 0;
  let done = () => {};
  const append = () => {
    appends++;
    return new Promise<void>((resolve) => {
      done = resolve;
    });
  };
  const recorder = new Recorder(createTables(), { append }, 'hub@1', () => {});
  for (let second = 0; second < 10; second++) toTheEnd(recorder.steps(T0 + second * 1000, T0 + second * 1000));
  expect(appends).toBe(1);
  done();
  await recorder.settled();
  toTheEnd(recorder.steps(T0 + 10_000, T0 + 10_000));
  expect(appends).toBe(2);
});

describe('a question', () => {
  const now = T0 + 100 * HOUR;
  const ago = (ms: number) => ({ from: now - ms, to: now });

  test.each([
    ['of an hour, by the second', ago(HOUR), 1000, 'history-1s'],
    ['of an hour, by 10 s', ago(HOUR), 10_000, 'history-10s'],
    ['of an hour, by 15 s', ago(HOUR), 15_000, 'history-10s'],
    ['of a day', ago(24 * HOUR), 60_000, 'history-60s'],
    ['of longer than anything is kept', ago(3000 * 24 * HOUR), 24 * HOUR, 'history-60s'],
  ])('%s is answered as coarsely as will do', (_, span, step, name) => {
    expect(planPoints('hubs', span, step, now).resolution.name).toBe(name);
  });

  test('without a step has up to 500 points, at multiples of a step that is kept', () => {
    for (const ms of [0, 1, 999, 60_000, HOUR, 24 * HOUR, 1000 * HOUR]) {
      for (const table of ['hubs', 'connections'] as const) {
        const { stepMs, times, resolution } = planPoints(table, ago(ms), undefined, now);
        expect(times.length).toBeLessThanOrEqual(501);
        expect([stepMs % resolution.stepMs, times.filter((t) => t % stepMs !== 0)]).toEqual([0, []]);
      }
    }
  });

  test('has no points of the future', () => {
    const { times } = planPoints('hubs', { from: now - 2000, to: now + HOUR }, 1000, now);
    expect(times).toEqual([now - 2000, now - 1000, now]);
  });

  test.each([
    ['hubs', ago(2 * HOUR), 1000, /^step: at least 10000, which is how finely hubs are kept .*, not 1000$/],
    ['connections', ago(60_000), 1000, /^step: at least 10000, which is how finely connections are kept/],
    ['hubs', ago(24 * HOUR), 10_000, /^step: at least 30000, for at most 4000 points between from and to, not 10000$/],
  ] as const)('of %s that is too fine names the least step', (table, span, step, message) => {
    expect(() => planPoints(table, span, step, now)).toThrow(HistoryError);
    expect(() => planPoints(table, span, step, now)).toThrow(message);
    const least = Number(/at least (\d+)/.exec(message.source)?.[1]);
    expect(planPoints(table, span, least, now).times.length).toBeLessThanOrEqual(4001);
  });

  test('that ends before it begins is refused', () => {
    expect(() => spanOf(now, now - 1, now)).toThrow(
      /^from: at or before to, 2026-01-05T03:59:59.999Z, not 2026-01-05T04:00/,
    );
    expect(spanOf(undefined, undefined, now)).toEqual(ago(900_000));
  });
});
