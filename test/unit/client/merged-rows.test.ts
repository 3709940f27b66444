import { MergedRows, Shape } from '@auralis/client/live/merged-rows';
import { COLUMNS, decodeResponse, type Frame, SCHEMAS } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FakeSource } from './fake-hub.js';

const SHAPE = new Shape(
  COLUMNS.filter(({ table }) => table === 'connections'),
  SCHEMAS.connections.attributes,
);
const HUBS = ['hub-a@1', 'hub-b@1', 'hub-c@1'];
const KEYS = ['k1', 'k2', 'k3', 'k4'];

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('set' as const), hub: fc.nat(2), key: fc.nat(3), ms: fc.nat(9) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), hub: fc.nat(2), key: fc.nat(3) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('delta' as const), hub: fc.nat(2), lost: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('snapshot' as const), hub: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('gone' as const), hub: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('begin' as const), hub: fc.nat(2) }) },
);

const frameOf = (wire: Parameters<typeof decodeResponse>[0]): Frame => decodeResponse(wire) as Frame;

describe('MergedRows', () => {
  test('changes tell exactly what became of the keys, and every value that moved is told', () => {
    const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const merged = new MergedRows();
      merged.begin(SHAPE);
      const sources = HUBS.map((name) => new FakeSource(name));
      /** Rows of a page that goes by the changes alone. */
      const told = new Map<string, number | null>();
      const take = (change: ReturnType<MergedRows['apply']>): void => {
        if (change === null || change === 'gap') return;
        for (const key of change.removed) expect(told.delete(key)).toBe(true);
        for (const key of change.added) expect(told.has(key)).toBe(false);
        for (const key of change.changed) expect(told.has(key)).toBe(true);
        for (const key of [...change.added, ...change.changed]) {
          told.set(key, merged.rows.get(key)?.get('latency_ms') ?? null);
        }
        expect(told).toEqual(new Map([...merged.rows].map(([key, row]) => [key, row.get('latency_ms')])));
      };
      for (const action of steps) {
        const source = sources[action.hub] as FakeSource;
        if (action.do === 'set') source.set(KEYS[action.key] as string, action.ms);
        else if (action.do === 'remove') {
          if (source.table.slotOf(KEYS[action.key] as string) !== undefined) source.remove(KEYS[action.key] as string);
        } else if (action.do === 'delta') {
          const frame = frameOf(source.delta(0));
          if (!action.lost) take(merged.apply(frame));
        } else if (action.do === 'snapshot') take(merged.apply(frameOf(source.snapshot(0))));
        else if (action.do === 'gone') take(merged.forget(source.source));
        else merged.begin(SHAPE);
      }
    });
    fc.assert(property, { seed: 7, numRuns: 1000 });
  });
});
