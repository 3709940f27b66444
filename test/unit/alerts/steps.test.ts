import type { RuleSpec } from '@auralis/server/alerts/rule-spec';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { World } from './world.js';

/** A look goes step by step, and between two steps the hub does other work: nobody is told anything else for that. */

const RULES: readonly RuleSpec[] = [
  { name: 'each-late', table: 'connections', column: 'latency_ms', above: 500, groupBy: 'row', forS: 1, clearForS: 2 },
  { name: 'late', table: 'connections', column: 'latency_ms', above: 500, forS: 2, clearForS: 3, refireAfterS: 5 },
  { name: 'low', table: 'connections', column: 'buffer_depth_ms', below: 50, groupBy: 'all', forS: 0, clearForS: 1 },
  { name: 'drops', table: 'streams', column: 'dropped_per_min', above: 10, forS: 0, clearForS: 1 },
];
const LISTENERS = 12;
const streamOf = (n: number) => (n % 3 === 0 ? 'other' : 'main');

const second = fc.record({
  latency: fc.array(fc.constantFrom(40, 40, 480, 900), { minLength: LISTENERS, maxLength: LISTENERS }),
  depth: fc.array(fc.constantFrom(300, 300, 300, 10), { minLength: LISTENERS, maxLength: LISTENERS }),
  drops: fc.constantFrom(0, 0, 50),
});
type Second = { readonly latency: readonly number[]; readonly depth: readonly number[]; readonly drops: number };

function set(world: World, { latency, depth, drops }: Second): void {
  world.stream('main', { dropped_per_min: drops });
  world.stream('other');
  for (let n = 0; n < LISTENERS; n++) {
    const late = latency[n] as number;
    world.listener(
      `l${n}`,
      { latency_ms: late, buffer_depth_ms: depth[n] as number, status: late > 500 ? 'warning' : 'ok' },
      streamOf(n),
    );
  }
}

const end = (world: World) => {
  for (let n = 0; n < LISTENERS; n++) world.listener(`l${n}`, { state: 'closed' }, streamOf(n));
  world.stream('main', { dropped_per_min: 0 });
  world.pass(10);
};

/**
 * All that was told, without ids, which are given in the order in which alerts begin; what was told at the same time
 * in any order.
 */
const told = (world: World) =>
  world.store.transitions
    .filter(({ alert }) => alert.rule !== 'manual')
    .map(({ state, at, alert: { id: _, ...alert } }) => JSON.stringify({ at, state, alert }))
    .sort();

test('what is asked of the hub between the steps changes nothing of what the rules tell', () => {
  fc.assert(
    fc.property(fc.array(second, { minLength: 1, maxLength: 20 }), fc.infiniteStream(fc.nat(9)), (seconds, dice) => {
      const whole = new World(RULES);
      const stepwise = new World(RULES);
      const { alerting } = stepwise;
      let steps = 0;
      stepwise.betweenSteps = () => {
        const title = `t${steps++ % 5}`;
        const roll = dice.next().value as number;
        if (roll < 2) {
          const id = stepwise.raise({ title });
          if (roll === 0) alerting.resolve(id, stepwise.now);
        } else if (roll === 2) {
          const request = { author: 'a', reason: 'r', endsAt: stepwise.now + 5_000 };
          alerting.silence({ matchers: { stream: 'nobody' }, ...request }, stepwise.now);
        } else if (roll === 3) alerting.unsilence(alerting.silences()[0]?.id ?? '', stepwise.now);
      };
      for (const world of [whole, stepwise]) {
        for (const each of seconds) {
          set(world, each);
          world.pass(1);
        }
        end(world);
      }
      expect(told(stepwise)).toEqual(told(whole));
    }),
    { numRuns: 150 },
  );
});

describe('while listeners and silences come and go between the steps', () => {
  const run = (seconds: readonly Second[], dice: Iterator<number>) => {
    const world = new World(RULES);
    const { alerting, tables } = world;
    const { connections } = tables;
    let fresh = 0;
    world.betweenSteps = () => {
      const roll = dice.next().value as number;
      const n = roll % LISTENERS;
      if (roll < 40) {
        // Another takes the slot at once; it is well, as it stays.
        const slot = connections.slotOf(`l${n}`);
        if (slot !== undefined) connections.close(slot);
        world.listener(`fresh${fresh++}`, {}, streamOf(n));
      } else if (roll < 50) world.listener(`l${n}`, { status: 'ok', latency_ms: 40 }, streamOf(n));
      else if (roll < 60) world.listener(`l${n}`, { status: 'critical', latency_ms: 900 }, streamOf(n));
      else if (roll < 63) {
        const request = { author: 'a', reason: 'r', endsAt: world.now + 2_000 };
        alerting.silence({ matchers: { rule: 'each-late' }, ...request }, world.now);
      } else if (roll < 66) alerting.unsilence(alerting.silences()[0]?.id ?? '', world.now);
    };
    for (const each of seconds) {
      set(world, each);
      world.pass(1);
    }
    world.betweenSteps = null;
    end(world);
    return world;
  };
  const worlds = (check: (world: World) => void) => () =>
    fc.assert(
      fc.property(fc.array(second, { minLength: 1, maxLength: 15 }), fc.infiniteStream(fc.nat(99)), (seconds, dice) =>
        check(run(seconds, dice)),
      ),
      { numRuns: 150 },
    );

  test(
    'an alert is told once, and its end once after that, and nothing is left over',
    worlds((world) => {
      const states = new Map<string, string[]>();
      for (const { key, state, alert } of world.store.transitions) {
        expect(key).toBe(`${alert.id}:${state}`);
        states.set(alert.id, [...(states.get(alert.id) ?? []), state]);
      }
      for (const of of states.values()) expect(of).toEqual(['firing', 'resolved']);
      expect([world.firing(), world.store.firing.size]).toEqual([[], 0]);
    }),
  );

  test(
    'nobody is named who was well, and no more are well than there are',
    worlds((world) => {
      for (const { alert } of world.store.transitions) {
        expect(`${alert.message} ${alert.blame?.evidence}`).not.toMatch(/fresh/);
        const [, well, count] = /(-?\d+) of (-?\d+) (?:other )?listeners/.exec(alert.blame?.evidence ?? '') ?? [];
        if (well === undefined) continue;
        expect(Number(well)).toBeGreaterThanOrEqual(0);
        expect(Number(well)).toBeLessThanOrEqual(Number(count));
      }
    }),
  );
});

test('a step keeps, describes and shows a few alerts, however many of them fire and end at once', () => {
  const world = new World([{ ...(RULES[0] as RuleSpec), forS: 0 }]);
  world.stream();
  const { alerts } = world.tables;
  const most = { saved: 0, described: 0, shown: 0 };
  let now = { saved: 0, described: 0, shown: 0 };
  const commit = world.store.commit.bind(world.store);
  world.store.commit = (change) => {
    now.saved += change.firing.length + change.over.length;
    commit(change);
  };
  const { connections } = world.tables;
  const keyOf = connections.attributesOf.bind(connections);
  connections.attributesOf = (slot) => {
    now.described++;
    return keyOf(slot);
  };
  const set = alerts.set.bind(alerts);
  alerts.set = (slot, column, value) => {
    now.shown++;
    set(slot, column, value);
  };
  world.betweenSteps = () => {
    for (const name of ['saved', 'described', 'shown'] as const) most[name] = Math.max(most[name], now[name]);
    now = { saved: 0, described: 0, shown: 0 };
  };
  for (let n = 0; n < 1000; n++) world.listener(`l${n}`, { latency_ms: 900, status: 'warning' });
  world.pass(1);
  expect(world.firing()).toHaveLength(1000);
  for (let n = 0; n < 1000; n++) world.listener(`l${n}`);
  world.pass(3);
  expect(world.alerts('resolved')).toHaveLength(1000);
  expect([most.saved, most.shown]).toEqual([25, 700]);
  // Status is read once for all listeners, and a few times for an alert's own.
  expect(most.described).toBeLessThan(1_100);
});
