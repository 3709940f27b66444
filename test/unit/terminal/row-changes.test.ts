import { hubUrl, liveUrl } from '@auralis/client/terminal/hub-url';
import { RowChanges } from '@auralis/client/terminal/row-changes';
import { changeLine } from '@auralis/client/terminal/tail';
import { tailWishes, WishError } from '@auralis/client/terminal/tail-wishes';
import type { ViewRow } from '@auralis/client/terminal/view-row';
import { describe, expect, test } from '@jest/globals';
import { connection, NOW_MS, rowsOf } from './models.js';

const rowsWith = (...rows: readonly ViewRow[]) => rowsOf(rows, ['latency_ms', 'rtt_ms', 'state', 'closed_at']);
const NOTHING = { added: [], removed: [], changed: new Set<string>() };
const added = (...keys: string[]) => ({ ...NOTHING, added: keys });
const removed = (...keys: string[]) => ({ ...NOTHING, removed: keys });
const changed = (...keys: string[]) => ({ ...NOTHING, changed: new Set(keys) });
const bob = (values: Readonly<Record<string, number | null>>) => connection('c1', 'bob', 'main', values);

/** Return the changes found after a change that left these rows. */
function since(changes: RowChanges, change: Parameters<RowChanges['note']>[0], ...rows: readonly ViewRow[]) {
  changes.note(change);
  return changes.take(rowsWith(...rows));
}

describe('changes of rows', () => {
  test('a row that is new with all its readings, then what changed', () => {
    const changes = new RowChanges();
    const open = bob({ latency_ms: 12.3, rtt_ms: null, state: 0, closed_at: null });
    const [first] = since(changes, added('c1'), open);
    expect(first?.readings).toEqual({ latency_ms: 12.3, rtt_ms: null, state: 'open', closed_at: null });
    const closed = bob({ latency_ms: null, rtt_ms: null, state: 2, closed_at: Date.UTC(2026, 0, 31, 12) / 1000 });
    const [next] = since(changes, changed('c1'), closed);
    expect(next).toEqual({
      kind: 'row',
      id: 'c1',
      attributes: expect.objectContaining({ client: 'bob', stream: 'main' }),
      readings: { latency_ms: null, state: 'closed', closed_at: '2026-01-31T12:00:00.000Z' },
    });
    expect(since(changes, changed('c1'), closed)).toEqual([]);
  });

  test('a row that goes, and one that goes and comes within one frame', () => {
    const changes = new RowChanges();
    since(changes, added('c1'), bob({ latency_ms: 1 }));
    const [gone] = since(changes, removed('c1'));
    expect(gone).toMatchObject({ kind: 'removed', id: 'c1', attributes: { client: 'bob' }, readings: {} });
    expect(since(changes, removed('c1'))).toEqual([]);
  });

  test('after a reset only what is different is said', () => {
    const changes = new RowChanges();
    const kept = connection('c2', 'carol', 'main', { latency_ms: 5, rtt_ms: null, state: 0 });
    since(changes, added('c1', 'c2'), bob({ latency_ms: 1 }), kept);
    const dave = connection('c3', 'dave', 'main', { latency_ms: 9, rtt_ms: null, state: 0 });
    const reset = { added: ['c3'], removed: ['c1'], changed: new Set(['c2']) };
    expect(since(changes, reset, kept, dave).map(({ kind, id }) => [kind, id])).toEqual([
      ['removed', 'c1'],
      ['row', 'c3'],
    ]);
  });

  test('of several frames are found at once, each row as it is by then', () => {
    const changes = new RowChanges();
    since(changes, added('c1'), bob({ latency_ms: 1, rtt_ms: 7 }));
    changes.note(changed('c1'));
    changes.note(added('c2'));
    changes.note(removed('c2'));
    const found = since(changes, changed('c1'), bob({ latency_ms: 3, rtt_ms: 7 }));
    expect(found.map(({ id, readings }) => [id, readings])).toEqual([['c1', { latency_ms: 3 }]]);
    expect(changes.take(rowsWith())).toEqual([]);
  });

  test('an attribute that changed is a change', () => {
    const changes = new RowChanges();
    const row = bob({ latency_ms: 1 });
    since(changes, added('c1'), row);
    const renamed = { ...row, attributes: { ...row.attributes, reason: 'left' } };
    expect(since(changes, changed('c1'), renamed)).toMatchObject([{ attributes: { reason: 'left' }, readings: {} }]);
  });

  test('as a line', () => {
    const change = { kind: 'row', id: 'c1', attributes: { stream: 'main' }, readings: { latency_ms: 0.1 } } as const;
    expect(changeLine('connections', NOW_MS, change)).toBe(
      '{"t":"2026-01-01T12:00:00.000Z","topic":"connections","kind":"row","id":"c1","stream":"main","latency_ms":0.1}',
    );
  });
});

describe('what tail is asked for', () => {
  const wish = { topics: ['connections'], columns: null, where: [], intervalMs: 1000 };
  const conditions = (...where: string[]) => tailWishes({ ...wish, where })[0]?.view?.where;

  test('conditions', () => {
    expect(conditions('latency_ms>500', ' rtt_ms <= 1.5', 'state!=closed', 'hidden==1')).toEqual([
      ['latency_ms', '>', 500],
      ['rtt_ms', '<=', 1.5],
      ['state', '!=', 'closed'],
      ['hidden', '=', 1],
    ]);
    // A client may be called 42, or have a sign in its name.
    expect(conditions('client=42', 'id contains a>b', 'stream contains ')).toEqual([
      ['client', '=', '42'],
      ['id', 'contains', 'a>b'],
      ['stream', 'contains', ''],
    ]);
  });

  test('each topic once, with the columns', () => {
    const topics = ['connections/main', 'connections', 'connections/main'];
    expect(tailWishes({ ...wish, topics, columns: ['rtt_ms'] })).toEqual([
      { topic: 'connections/main', intervalMs: 1000, columns: ['rtt_ms'] },
      { topic: 'connections', intervalMs: 1000, columns: ['rtt_ms'] },
    ]);
  });

  test.each([
    [{ topics: ['nothing'] }, /^--topic: hubs, streams, .*not "nothing"$/],
    [{ topics: ['streams/main'] }, /^--topic/],
    [{ topics: ['connections/a/b'] }, /^--topic/],
    [{ columns: ['nope'] }, /^--columns: connections has no column "nope"; known are chunks_sent, /],
    [{ where: ['latency_ms'] }, /^--where: like/],
    [{ where: ['nope>1'] }, /known are id, any, stream, /],
    [{ where: ['latency_ms>much'] }, /compared with a number, not "much"$/],
    [{ where: ['latency_ms>'] }, /compared with a number/],
    [{ where: ['state=odd'] }, /a number or one of open, stale, closed/],
    [{ where: ['client>1'] }, /is text/],
    [{ where: ['latency_ms contains 1'] }, /contains is for text/],
  ])('%j is refused', (changes, message) => {
    expect(() => tailWishes({ ...wish, ...changes })).toThrow(WishError);
    expect(() => tailWishes({ ...wish, ...changes })).toThrow(message);
  });
});

describe('the way to the hub', () => {
  test('its address', () => {
    expect(liveUrl('http://127.0.0.1:8000').href).toBe('ws://127.0.0.1:8000/api/v1/live');
    expect(liveUrl('https://example.org/hub/?x#y').href).toBe('wss://example.org/hub/api/v1/live');
    expect(hubUrl('ws://127.0.0.1:8000')).toBe('http://127.0.0.1:8000');
    expect(hubUrl('WSS://example.org/hub')).toBe('https://example.org/hub');
    expect(() => hubUrl('ftp://example.org')).toThrow(TypeError);
  });
});
