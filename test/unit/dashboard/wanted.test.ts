import { CONNECTION_LAYOUT, catalogueOf } from '@auralis/client/dashboard/model/layout';
import { compareOf, viewOf, type Wanted } from '@auralis/client/dashboard/model/wanted';
import { SCHEMAS } from '@auralis/shared';
import { expect, test } from '@jest/globals';
import { row } from './fake-feed.js';

const CATALOGUE = catalogueOf(SCHEMAS.connections.columns);
const view = (wish: Partial<Wanted>) => {
  const wanted = { sort: { label: 'Status', worstFirst: true }, filter: '', onlyTroubled: false, ...wish };
  return viewOf(wanted, CONNECTION_LAYOUT, CATALOGUE);
};

test('at first the hub is asked for the worst health', () => {
  expect(view({})).toEqual({ sort: 'status', desc: true, where: [] });
});

test('what is bad on both sides is sorted by its low one first', () => {
  expect(view({ sort: { label: 'Buffer', worstFirst: true } })).toMatchObject({ sort: 'buffer_depth_ms', desc: false });
  expect(view({ sort: { label: 'Rate', worstFirst: false } })).toMatchObject({ sort: 'audio_rate', desc: true });
});

test('each word of a filter must be met; a label is what it says, anything else a text', () => {
  expect(view({ filter: ' Anna  REBUFFERING ', onlyTroubled: true }).where).toEqual([
    ['status', '!=', 'ok'],
    ['any', 'contains', 'anna'],
    ['status_reason', '=', 'rebuffering'],
  ]);
  expect(view({ filter: 'stalled closed' }).where).toEqual([
    ['playback_state', '=', 'stalled'],
    ['state', '=', 'closed'],
  ]);
  expect(view({ filter: 'a '.repeat(40) }).where?.length).toBeLessThanOrEqual(16);
});

test('a hub without the column is not asked to sort by it', () => {
  const wanted = { sort: { label: 'Status', worstFirst: true }, filter: '', onlyTroubled: false };
  expect(viewOf(wanted, CONNECTION_LAYOUT, new Map())).toEqual({ where: [] });
});

test('of equally bad ones, who has been so for longest comes first, then the name', () => {
  const rows = [
    row('1', { client: 'b', status: 2, not_ok_since: 20 }),
    row('2', { client: 'z', status: 2, not_ok_since: 10 }),
    row('3', { client: 'c10', status: 0 }),
    row('4', { client: 'c9', status: 0 }),
    row('5', { client: 'left' }),
  ];
  expect(rows.sort(compareOf(view({}))).map(({ key }) => key)).toEqual(['2', '1', '4', '3', '5']);
});
