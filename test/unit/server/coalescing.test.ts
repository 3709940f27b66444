import { Coalescing, type Loop } from '@auralis/server/transport/coalescing';
import { beforeEach, describe, expect, test } from '@jest/globals';

/** A loop in simulated time, whose turns a test makes. */
class SimulatedLoop implements Loop {
  at = 1_000;
  readonly sleeps: number[] = [];
  #work: (() => void)[] = [];

  now() {
    return this.at;
  }

  sleep(ms: number) {
    this.sleeps.push(ms);
    this.at += ms;
  }

  afterThisTurn(work: () => void) {
    this.#work.push(work);
  }

  /** Something is to be done behind the turn at hand. */
  get isAsked() {
    return this.#work.length > 0;
  }

  endTurn() {
    const work = this.#work;
    this.#work = [];
    for (const each of work) each();
  }
}

let loop: SimulatedLoop;
let coalescing: Coalescing;
beforeEach(() => {
  loop = new SimulatedLoop();
  coalescing = new Coalescing(loop);
});

/** Messages come for so long, one each `everyMs`; each turn takes what has come by then, in `busyMs`. */
function receive(everyMs: number, forMs: number, busyMs = 0.01): { turns: number; messages: number; worstMs: number } {
  const until = loop.at + forMs;
  let due = loop.at;
  let turns = 0;
  let messages = 0;
  let worstMs = 0;
  while (due < until) {
    // Nothing is there: it waits, as the kernel lets it, until the next one comes.
    loop.at = Math.max(loop.at, due);
    turns++;
    const looked = loop.at;
    for (; due <= looked && due < until; due += everyMs) {
      worstMs = Math.max(worstMs, looked - due);
      coalescing.note();
      messages++;
    }
    loop.at += busyMs;
    loop.endTurn();
  }
  return { turns, messages, worstMs };
}

describe('messages that come', () => {
  test.each([
    [100, 10],
    [1_000, 1],
    [1_900, 1 / 1.9],
  ])('%i a second are each looked at as they come', (_, everyMs) => {
    const { turns, messages } = receive(everyMs, 2_000);
    expect(turns).toBe(messages);
    expect(loop.sleeps).toEqual([]);
  });

  test.each([
    [2_500, 0.4],
    [10_000, 0.1],
    [20_000, 0.05],
  ])('%i a second are looked at every two milliseconds, and none waits longer', (_, everyMs) => {
    // Until it knows, it does as before.
    receive(everyMs, 100);
    const { turns, worstMs } = receive(everyMs, 2_000);
    expect(turns).toBeGreaterThan(950);
    expect(turns).toBeLessThan(1_025);
    expect(worstMs).toBeLessThanOrEqual(2.011);
    expect(Math.max(...loop.sleeps)).toBeLessThanOrEqual(2);
  });

  test('are not kept waiting where there is enough to do', () => {
    // Each turn takes 2.2 ms: it never sleeps, however many come.
    receive(0.05, 2_000, 2.2);
    expect(loop.sleeps).toEqual([]);
  });

  test('that become fewer are looked at as they come again, within a tenth of a second', () => {
    receive(0.1, 1_000);
    expect(loop.sleeps.length).toBeGreaterThan(400);
    receive(1, 100);
    loop.sleeps.length = 0;
    const { turns, messages } = receive(1, 2_000);
    expect([turns, loop.sleeps]).toEqual([messages, []]);
  });

  test('after a pause do not find it asleep', () => {
    receive(0.1, 1_000);
    loop.at += 60_000;
    loop.sleeps.length = 0;
    coalescing.note();
    loop.endTurn();
    expect([loop.sleeps, loop.isAsked]).toEqual([[], false]);
  });

  test('ask once a turn', () => {
    receive(0.1, 200);
    const asked: unknown[] = [];
    loop.afterThisTurn = (work) => void asked.push(work);
    for (let at = 0; at < 50; at++) coalescing.note();
    expect(asked).toHaveLength(1);
  });
});
