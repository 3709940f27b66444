import { SliceQueue, TimeSlicer, toTheEnd } from '@auralis/server/time/time-slicer';
import { describe, expect, test } from '@jest/globals';

/**
 * Work whose steps take `stepMs` each, on a clock of its own; `turns` are what is to go on in later turns of the
 * event loop.
 */
function work(stepMs: number, failsAt = Number.POSITIVE_INFINITY) {
  let at = 0;
  const turns: (() => void)[] = [];
  const errors: unknown[] = [];
  const slices = new TimeSlicer({
    clock: () => at,
    nextTurn: (callback) => turns.push(callback),
    onError: (error) => errors.push(error),
  });
  let done = 0;
  const steps = (count: number) =>
    (function* () {
      while (done < count) {
        if (done === failsAt) throw new Error('a fault');
        at += stepMs;
        done++;
        yield;
      }
    })();
  return { slices, turns, errors, steps, done: () => done };
}

describe('slices', () => {
  test('what there is time for is done at once', () => {
    const { slices, turns, steps, done } = work(0.1);
    slices.run(steps(30));
    expect([done(), turns.length, slices.isBusy]).toEqual([30, 0, false]);
  });

  test('the rest goes on in later turns, each no longer than four milliseconds and a step', () => {
    const { slices, turns, steps, done } = work(1);
    slices.run(steps(10));
    const seen = [done()];
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
      expect(slices.isBusy).toBe(true);
      turn();
      seen.push(done());
    }
    expect([seen, slices.isBusy]).toEqual([[4, 8, 10], false]);
  });

  test('a step longer than that is followed by none in its turn', () => {
    const { slices, turns, steps, done } = work(50);
    slices.run(steps(3));
    expect([done(), turns.length]).toEqual([1, 1]);
  });

  test('a fault ends the work, is told, and the next work begins as ever', () => {
    const { slices, turns, errors, steps } = work(3, 3);
    slices.run(steps(10));
    turns.shift()?.();
    expect([errors.length, turns.length, slices.isBusy]).toEqual([1, 0, false]);
    slices.run([][Symbol.iterator]());
    expect(slices.isBusy).toBe(false);
  });

  test('what is stopped does not go on, also where other work has begun since', () => {
    const { slices, turns, steps, done } = work(4);
    slices.run(steps(10));
    slices.stop();
    slices.run(steps(100));
    const [stopped] = turns;
    const before = done();
    stopped?.();
    expect([before, done(), slices.isBusy]).toEqual([2, 2, true]);
    expect(() => slices.run(steps(1))).toThrow('not done yet');
  });
});

describe('a queue of works', () => {
  /**
   * Works whose steps take a millisecond of a clock of their own. `turns`: what waits for the next turn of the loop.
   */
  function queue() {
    let at = 0;
    const turns: (() => void)[] = [];
    const works = new SliceQueue({ clock: () => at, nextTurn: (callback) => turns.push(callback) });
    const log: string[] = [];
    function* steps(name: string, count: number): Generator<void, string> {
      for (let step = 0; step < count; step++) {
        at++;
        log.push(name);
        yield;
      }
      return name;
    }
    const turn = () => {
      log.length = 0;
      turns.shift()?.();
      return log.join('');
    };
    return { works, turns, steps, turn };
  }

  test('has one slice in each turn of the loop, however many wait, and keeps their order', async () => {
    const { works, turns, steps, turn } = queue();
    const results = [works.run(steps('a', 6)), works.run(steps('b', 1)), works.run(steps('c', 3))];
    expect(turns.length).toBe(1);
    expect([turn(), turn(), turn()]).toEqual(['aaaa', 'aabc', 'cc']);
    expect(turns.length).toBe(0);
    expect(await Promise.all(results)).toEqual(['a', 'b', 'c']);
  });

  test('goes on behind a work that throws', async () => {
    const { works, steps, turn } = queue();
    const fault = () => {
      throw new Error('a fault');
    };
    const failing = works.run<string>({ next: fault });
    const other = works.run(steps('b', 2));
    expect(turn()).toBe('bb');
    await expect(failing).rejects.toThrow('a fault');
    expect(await other).toBe('b');
    const later = works.run(steps('c', 1));
    expect(turn()).toBe('c');
    expect(await later).toBe('c');
  });

  test('steps can also be done at once', () => {
    expect(toTheEnd(queue().steps('a', 3))).toBe('a');
  });
});
