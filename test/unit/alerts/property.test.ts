import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { World } from './world.js';

describe('for any readings', () => {
  const reading = fc.record({
    depth: fc.option(fc.integer({ min: -2000, max: 2000 }), { nil: Number.NaN }),
    latency: fc.option(fc.integer({ min: -1_000_000, max: 1_000_000 }), { nil: Number.NaN }),
    trust: fc.constantFrom('trusted', 'trusted', 'trusted', 'stale', 'hidden', 'unsynced', 'contradicting'),
    state: fc.constantFrom('open', 'open', 'stale', 'closed'),
    playing: fc.constantFrom('playing', 'paused'),
    stays: fc.integer({ min: 1, max: 20 }),
  });

  const play = (world: World, listeners: readonly (readonly Readonly<Record<string, unknown>>[])[], trust?: string) => {
    world.stream();
    const length = Math.max(...listeners.map((steps) => steps.length));
    for (let step = 0; step < length; step++) {
      for (const [n, steps] of listeners.entries()) {
        const at = steps[step % steps.length] as Record<string, number & string>;
        world.listener(`l${n}`, {
          buffer_depth_ms: at.depth ?? 0,
          latency_ms: at.latency ?? 0,
          trust: trust ?? at.trust ?? 'trusted',
          state: at.state ?? 'open',
          playback_state: at.playing ?? 'playing',
        });
      }
      world.pass(
        Number((listeners[0]?.[step % (listeners[0]?.length ?? 1)] as { stays: number } | undefined)?.stays ?? 1),
      );
    }
  };
  const listeners = fc.array(fc.array(reading, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 });

  test('an alert fires once and is resolved once, in this order', () => {
    fc.assert(
      fc.property(listeners, (steps) => {
        const world = new World();
        play(world, steps);
        world.listener('l0', { state: 'closed' });
        for (let n = 0; n < 4; n++) world.listener(`l${n}`, { state: 'closed' });
        world.pass(30);
        const byAlert = new Map<string, string[]>();
        for (const { alert, state } of world.store.transitions) {
          byAlert.set(alert.id, [...(byAlert.get(alert.id) ?? []), state]);
        }
        for (const states of byAlert.values()) expect(states).toEqual(['firing', 'resolved']);
        expect(new Set(world.store.transitions.map(({ key }) => key)).size).toBe(world.store.transitions.length);
        expect(world.store.firing.size).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  test.each(['stale', 'hidden', 'unsynced', 'contradicting'])(
    'what a listener that is %s says of itself fires nothing',
    (trust) => {
      fc.assert(
        fc.property(listeners, (steps) => {
          const world = new World();
          play(world, steps, trust);
          expect(world.store.transitions).toEqual([]);
        }),
        { numRuns: 100 },
      );
    },
  );
});
