import { createApi } from '@auralis/server/http/api';
import { createGuard } from '@auralis/server/http/guard';
import { addTable } from '@auralis/server/http/routes/tables';
import { listQuery, rowsPage, rowsPageText } from '@auralis/server/http/rows';
import { CONNECTION, createTables } from '@auralis/server/state/tables';
import { SliceQueue, toTheEnd } from '@auralis/server/time/time-slicer';
import { STREAM_NAME } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';

describe('guard', () => {
  const guard = createGuard('127.0.0.1', 'https://hub.example.org/auralis', null);

  test.each([
    ['127.0.0.1:8000', true],
    ['localhost:8000', true],
    ['a.localhost', true],
    ['[::1]:8000', true],
    ['192.168.1.5:8000', true],
    ['hub.example.org', true],
    ['HUB.example.org:443', true],
    ['evil.example.org:8000', false],
    ['127.0.0.1.evil.example.org', false],
    ['localhost.evil.example.org', false],
    ['', false],
    [null, false],
    ['a b', false],
    ['evil.example.org@127.0.0.1', false],
    ['127.0.0.1/evil.example.org', false],
    ['127.0.0.1#evil.example.org', false],
  ])('Host %s: %s', (host, ours) => expect(guard.isOurHost(host)).toBe(ours));

  test.each([
    [null, true],
    ['http://127.0.0.1:8000', true],
    ['http://localhost:3000', true],
    ['https://hub.example.org', true],
    ['http://[::1]:8000', true],
    ['https://evil.example.org', false],
    ['http://127.0.0.1.evil.example.org', false],
    ['http://localhost.evil.example.org', false],
    ['null', false],
    ['', false],
  ])('Origin %s: %s', (origin, allowed) => expect(guard.mayRead(origin, '127.0.0.1:8000')).toBe(allowed));

  test('its own page may, under whatever name or address it was opened', () => {
    expect(guard.mayRead('http://192.168.1.5:8000', '192.168.1.5:8000')).toBe(true);
    expect(guard.mayRead('http://192.168.1.5:9000', '192.168.1.5:8000')).toBe(false);
    expect(guard.mayRead('http://192.168.1.6:8000', '192.168.1.5:8000')).toBe(false);
    expect(guard.mayRead('https://evil.example.org', null)).toBe(false);
  });
});

describe('guard, where origins are listed', () => {
  const guard = createGuard('127.0.0.1', 'https://hub.example.org', () => ['https://music.example']);

  test.each([
    [null, true],
    ['https://music.example', true],
    ['https://hub.example.org', true],
    ['http://127.0.0.1:8000', true],
    ['http://127.0.0.1:3000', false],
    ['http://localhost:8000', false],
    ['http://music.example', false],
    ['https://music.example.evil.example', false],
    ['null', false],
  ])('Origin %s: %s', (origin, allowed) => expect(guard.mayRead(origin, '127.0.0.1:8000')).toBe(allowed));
});

describe('rows', () => {
  const { connections } = createTables();
  const NOON_S = Date.UTC(2026, 0, 31, 12) / 1000;
  for (let row = 0; row < 25; row++) {
    const slot = connections.open(`c${row}`, [row % 2 === 0 ? 'main' : 'side', '', '', '']);
    if (row % 5 !== 0) connections.set(slot, CONNECTION.latency_ms, (row * 7) % 25);
    connections.set(slot, CONNECTION.connected_at, NOON_S + row);
  }
  const schema = listQuery(connections.schema, ['stream']);
  const page = (query: string) =>
    rowsPage(connections, schema.parse(Object.fromEntries(new URLSearchParams(query).entries())));

  const api = () => {
    const app = createApi();
    addTable(app, new SliceQueue(), connections, '', ['stream', 'client']);
    app.onError((error) => Response.json({ name: error.name, message: error.message }));
    return app;
  };

  test('are written in steps, the same as at once, and a row that goes meanwhile is left out', () => {
    const query = { limit: 1000, offset: 0, sort: null, order: 'asc', where: [] } as const;
    const { connections: many } = createTables();
    for (let row = 0; row < 2000; row++) many.open(`c${row}`, ['main', '', '', '']);
    const steps = rowsPageText(many, query);
    let count = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) {
      if (++count === 10) for (const id of ['c0', 'c999']) many.close(many.slotOf(id) as number);
    }
    const page = JSON.parse(step.value) as { items: { id: string }[]; total: number; next: number };
    expect([count, page.total, page.next, page.items.length]).toEqual([2000 / 500 + 1 + 1000 / 25, 2000, 1000, 999]);
    expect(page.items.at(-1)?.id).toBe('c998');
    expect(JSON.parse(toTheEnd(rowsPageText(connections, query)))).toEqual(rowsPage(connections, query));
  });

  test('pages follow each other without a gap', () => {
    const ids: unknown[] = [];
    let offset: number | null = 0;
    while (offset !== null) {
      const { items, total, next } = page(`limit=7&offset=${offset}`);
      expect(total).toBe(25);
      ids.push(...items.map((row) => row.id));
      offset = next;
    }
    expect(ids).toEqual(Array.from({ length: 25 }, (_, row) => `c${row}`));
  });

  test.each(['asc', 'desc'])('sorted %s, what is missing comes last', (order) => {
    const values = page(`sort=latency_ms&order=${order}&limit=25`).items.map((row) => row.latency_ms);
    const known = values.filter((value) => value !== null) as number[];
    expect(values.slice(20)).toEqual([null, null, null, null, null]);
    expect(known).toEqual([...known].sort((a, b) => (order === 'asc' ? a - b : b - a)));
  });

  test.each([
    // Readings are 1 to 24, without the multiples of 5.
    ['latency_ms>20', 4],
    ['latency_ms<=20', 16],
    ['stream=main', 13],
    ['id contains c1', 11],
    ['state=open', 0],
    ['connected_at<2026-01-31T12:00:05Z', 5],
    ['connected_at<=2026-01-31T13:00:05+01:00', 6],
    [`connected_at>${NOON_S + 5}`, 19],
  ])('where %s: %d rows', (where, total) => {
    expect(page(`where=${encodeURIComponent(where)}`).total).toBe(total);
  });

  test('all conditions must hold, whichever way they are given', async () => {
    const response = await api().request('/api/v1/connections?where=latency_ms>4&where=latency_ms<10&stream=main');
    const { items } = (await response.json()) as { items: { id: string; latency_ms: number; stream: string }[] };
    const expected = Array.from({ length: 25 }, (_, row) => ({ row, latency: row % 5 === 0 ? null : (row * 7) % 25 }));
    const ids = expected
      .filter(({ row, latency }) => row % 2 === 0 && latency !== null && latency > 4 && latency < 10)
      .map(({ row }) => `c${row}`);
    expect(ids.length).toBeGreaterThan(1);
    expect(items.map(({ id }) => id)).toEqual(ids);
  });

  test('times are ISO 8601; what is missing is null', () => {
    const [first] = page('limit=1').items;
    expect(first).toMatchObject({ connected_at: '2026-01-31T12:00:00.000Z', closed_at: null });
  });

  test('filtered', () => expect(page('stream=side').total).toBe(12));

  test.each([
    ['limit=0', 'limit: a whole number from 1 to 1000, not "0"'],
    ['limit=', 'limit: a whole number from 1 to 1000, not ""'],
    ['limit=-1', 'limit: a whole number from 1 to 1000, not "-1"'],
    ['offset=x', 'offset: a whole number from 0 to 9007199254740991, not "x"'],
    ['sort=nothing', 'sort: "nothing" is no column; known are chunks_sent, '],
    ['order=up', 'order: one of asc, desc, not "up"'],
    ['limit=1&limit=2', 'limit: given more than once'],
    ['colour=red', 'colour: unknown; known are limit, offset, sort, order, where, stream, client'],
    ['where=latency_ms', `where: like latency_ms>500 or 'client contains bob', not "latency_ms"`],
    [
      'where=colour=red',
      'where: connections has no column "colour"; known are id, any, stream, client, address, reason, ',
    ],
    ['where=latency_ms>much', 'where: latency_ms is compared with a number, not "much"'],
    [
      'where=connected_at>yesterday',
      'where: connected_at is compared with a time such as 2026-01-31T12:00:00Z, or seconds since 1970, not "yesterday"',
    ],
    ['where=state=odd', 'where: state is compared with a number or one of open, stale, closed, not "odd"'],
    ['where=state=open&where=client>a', 'where: client is text, which knows = != contains, not >'],
    [Array(17).fill('where=state=open').join('&'), 'where: at most 16 conditions, not 17'],
    // None of them is read.
    [Array(400).fill('where=wrong').join('&'), 'where: at most 16 conditions, not 400'],
    ['limit=0&order=up', 'limit: a whole number from 1 to 1000, not "0"; order: one of asc, desc, not "up"'],
  ])('%s is refused', async (query, message) => {
    const response = await api().request(`/api/v1/connections?${query}`);
    expect(await response.json()).toEqual({ name: 'Problem', message: expect.stringContaining(message) });
  });
});

test.each([
  ['main', true],
  ['a.b_c-9', true],
  ['...', true],
  ['.', false],
  ['..', false],
  ['', false],
  ['a/b', false],
  ['a b', false],
  ['a'.repeat(65), false],
])('%j is a stream name: %s', (name, is) => expect(STREAM_NAME.test(name)).toBe(is));
