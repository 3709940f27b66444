import type { Command } from '@auralis/client/terminal/keys';
import { answer, isWorstDescending, type Query, wishOf } from '@auralis/client/terminal/query';
import { act, initialState, isDescending, type TopState, withinTotal } from '@auralis/client/terminal/top-state';
import { describe, expect, test } from '@jest/globals';
import { connection, rowsOf } from './models.js';

const AROUND = {
  columns: ['latency_ms', 'rtt_ms', 'chunk_send_rate'],
  streams: ['main', 'side'],
  total: 95,
  visible: 20,
};

const after = (commands: readonly Command[], from: Partial<TopState> = {}) =>
  commands.reduce((state, command) => act(state, command, AROUND), {
    ...initialState('latency_ms', null, ''),
    ...from,
  });

describe('commands', () => {
  test('the sort column goes around, the worst first again', () => {
    const back = after([{ do: 'reverse' }, { do: 'sort', by: -1 }], { offset: 7 });
    expect(back).toMatchObject({ sort: 'chunk_send_rate', isReversed: false, offset: 0 });
    expect(isDescending(back)).toBe(false);
    expect(isDescending(after([{ do: 'reverse' }], back))).toBe(true);
    expect(after([{ do: 'sort', by: 1 }], { sort: 'chunk_send_rate' }).sort).toBe('latency_ms');
  });

  test('which way is worst is what the catalogue says', () => {
    const directions = ['latency_ms', 'chunk_send_rate', 'buffer_depth_ms', 'connected_at'].map(isWorstDescending);
    expect(directions).toEqual([true, false, false, true]);
  });

  test('scrolling stays within the rows', () => {
    const page = { do: 'scroll', by: 'page', down: true } as const;
    expect(after([page]).offset).toBe(19);
    expect(after(Array(9).fill(page)).offset).toBe(75);
    expect(after([{ do: 'scroll', by: 'all', down: true }]).offset).toBe(75);
    expect(after([{ do: 'scroll', by: 'all', down: false }], { offset: 75 }).offset).toBe(0);
    expect(after([{ do: 'scroll', by: 'line', down: false }]).offset).toBe(0);
    expect(withinTotal(after([], { offset: 75 }), { ...AROUND, total: 30 }).offset).toBe(10);
    expect(withinTotal(after([], { offset: 75 }), { ...AROUND, total: 80 }).offset).toBe(75);
  });

  test('streams: each, then all; one that has gone leads back to all', () => {
    const next = { do: 'next-stream' } as const;
    expect([1, 2, 3].map((times) => after(Array(times).fill(next)).stream)).toEqual(['main', 'side', null]);
    expect(after([next], { stream: 'gone' }).stream).toBeNull();
  });

  test('the filter', () => {
    const typed = after([{ do: 'start-filter' }, ...[...'bób'].map((text) => ({ do: 'type', text }) as const)]);
    expect(typed).toMatchObject({ filter: 'bób', isTyping: true });
    expect(after([{ do: 'erase' }, { do: 'erase' }, { do: 'end-filter' }], typed)).toMatchObject({
      filter: 'b',
      isTyping: false,
    });
    expect(after([{ do: 'clear-filter' }], typed)).toMatchObject({ filter: '', isTyping: false });
    expect(after([{ do: 'type', text: 'x'.repeat(1000) }]).filter).toHaveLength(64);
    expect(after([{ do: 'clear-filter' }], { help: true, filter: 'x' })).toMatchObject({ help: false, filter: 'x' });
  });
});

const QUERY: Query = {
  stream: null,
  filter: '',
  closed: false,
  sort: 'latency_ms',
  desc: true,
  offset: 40,
  limit: 20,
  columns: ['latency_ms'],
  intervalMs: 1000,
};

describe('a query', () => {
  test('is one view of the rows on the screen', () => {
    const view = { sort: 'latency_ms', desc: true, offset: 40, limit: 20, where: [['state', '!=', 'closed']] };
    expect(wishOf(QUERY)).toEqual({ topic: 'connections', intervalMs: 1000, columns: ['latency_ms'], view });
    expect(wishOf({ ...QUERY, stream: 'main', closed: true })).toMatchObject({
      topic: 'connections/main',
      view: { where: [] },
    });
  });

  test('with a filter asks for the text anywhere, unless the chosen stream has it', () => {
    const where = (query: Partial<Query>) => wishOf({ ...QUERY, ...query, closed: true }).view?.where;
    expect(where({ filter: 'bo' })).toEqual([['any', 'contains', 'bo']]);
    expect(where({ filter: 'bo', stream: 'main' })).toEqual([['any', 'contains', 'bo']]);
    expect(where({ filter: 'AI', stream: 'main' })).toEqual([]);
  });

  const row = (key: string, latency: number | null) => connection(key, '', 'main', { latency_ms: latency });

  test('is answered in order, missing readings last either way', () => {
    const rows = [row('c10', 5), row('missing', null), row('c2', 5), row('most', 9)];
    const of = (desc: boolean) => answer({ ...QUERY, desc }, { ...rowsOf(rows, ['latency_ms']), total: 300 });
    const keys = (desc: boolean) => of(desc).rows.map(({ key }) => key);
    expect(of(true).total).toBe(300);
    expect(keys(true)).toEqual(['most', 'c2', 'c10', 'missing']);
    expect(keys(false)).toEqual(['c2', 'c10', 'most', 'missing']);
  });
});
