import { backoffMs, hubUrl, liveUrl } from '@auralis/client/terminal/link';
import type { ViewRow } from '@auralis/client/terminal/live-view';
import { RowChanges } from '@auralis/client/terminal/row-changes';
import { changeLine } from '@auralis/client/terminal/tail';
import { tailWishes, WishError } from '@auralis/client/terminal/tail-wishes';
import { describe, expect, test } from '@jest/globals';
import { CATALOGUE, connection, NOW_MS } from './models.js';

const columns = CATALOGUE.filter(
  ({ table, name }) => table === 'connections' && ['latency_ms', 'rtt_ms', 'state', 'closed_at'].includes(name),
);

const viewOf = (...rows: readonly ViewRow[]) => ({
  columns,
  rows: () => [...rows],
  row: (key: string) => rows.find((row) => row.key === key) ?? null,
});

const RESET = { reset: true, touched: [], t: NOW_MS };
const touched = (...keys: string[]) => ({ reset: false, touched: keys, t: NOW_MS });
const bob = (values: Readonly<Record<string, number | null>>) => connection('c1', 'bob', 'main', values);

describe('changes of rows', () => {
  test('a row that is new with all its readings, then what changed', () => {
    const changes = new RowChanges();
    const [first] = changes.since(viewOf(bob({ latency_ms: 12.3, rtt_ms: null, state: 0, closed_at: null })), RESET);
    expect(first?.readings).toEqual({ latency_ms: 12.3, rtt_ms: null, state: 'open', closed_at: null });
    const closed = { latency_ms: null, rtt_ms: null, state: 2, closed_at: Date.UTC(2026, 0, 31, 12) / 1000 };
    const [next] = changes.since(viewOf(bob(closed)), touched('c1'));
    expect(next).toEqual({
      kind: 'row',
      id: 'c1',
      attributes: expect.objectContaining({ client: 'bob', stream: 'main' }),
      readings: { latency_ms: null, state: 'closed', closed_at: '2026-01-31T12:00:00.000Z' },
    });
    expect(changes.since(viewOf(bob(closed)), touched('c1'))).toEqual([]);
  });

  test('a row that goes, and one that goes and comes within one frame', () => {
    const changes = new RowChanges();
    changes.since(viewOf(bob({ latency_ms: 1 })), RESET);
    const [removed] = changes.since(viewOf(), touched('c1'));
    expect(removed).toMatchObject({ kind: 'removed', id: 'c1', attributes: { client: 'bob' }, readings: {} });
    expect(changes.since(viewOf(), touched('c1'))).toEqual([]);
  });

  test('after a reset only what is different is said', () => {
    const changes = new RowChanges();
    const kept = connection('c2', 'carol', 'main', { latency_ms: 5, rtt_ms: null, state: 0 });
    changes.since(viewOf(bob({ latency_ms: 1 }), kept), RESET);
    const added = connection('c3', 'dave', 'main', { latency_ms: 9, rtt_ms: null, state: 0 });
    const found = changes.since(viewOf(kept, added), RESET);
    expect(found.map(({ kind, id }) => [kind, id])).toEqual([
      ['removed', 'c1'],
      ['row', 'c3'],
    ]);
  });

  test('an attribute that changed is a change', () => {
    const changes = new RowChanges();
    const row = bob({ latency_ms: 1 });
    changes.since(viewOf(row), RESET);
    const renamed = { ...row, attributes: { ...row.attributes, reason: 'left' } };
    expect(changes.since(viewOf(renamed), touched('c1'))).toMatchObject([
      { attributes: { reason: 'left' }, readings: {} },
    ]);
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

  test('full jitter, between nothing and a bound that grows to 20 s', () => {
    expect(backoffMs(0, 1)).toBe(500);
    expect(backoffMs(3, 0.5)).toBe(2000);
    expect(backoffMs(1000, 1)).toBe(20_000);
    expect(backoffMs(5, 0)).toBe(0);
  });
});
