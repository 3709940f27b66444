import { RequestPacer } from '@auralis/server/transport/request-pacer';
import { MAX_REQUESTS_PER_TURN } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';

/** A pacer on turns that `turn` begins. `run` adds a request; `started` lists those that were started. */
function paced() {
  const turns: (() => void)[] = [];
  const started: number[] = [];
  const pacer = new RequestPacer((callback) => turns.push(callback));
  let next = 0;
  return {
    started,
    turns,
    run: (count: number, isThere = () => true, address = '192.0.2.1', connection: object = turns) => {
      for (let at = 0; at < count; at++) {
        const id = next++;
        pacer.run(address, connection, () => isThere() && started.push(id) > 0);
      }
    },
    turn: () => {
      const before = started.length;
      turns.shift()?.();
      return started.length - before;
    },
  };
}

describe('the pacer of requests', () => {
  test('starts few requests at once and the others in later turns, in order', () => {
    const { run, turn, turns, started } = paced();
    run(3 * MAX_REQUESTS_PER_TURN);
    expect(started).toHaveLength(MAX_REQUESTS_PER_TURN);
    while (turns.length > 0) expect(turn()).toBeLessThanOrEqual(MAX_REQUESTS_PER_TURN);
    expect(started).toEqual(Array.from({ length: 3 * MAX_REQUESTS_PER_TURN }, (_, at) => at));
  });

  test('counts requests of a turn together with those that the next read of the sockets brings', () => {
    const { run, turn, started } = paced();
    run(MAX_REQUESTS_PER_TURN + 3);
    turn();
    expect(turn()).toBe(3);
    run(MAX_REQUESTS_PER_TURN);
    expect(started).toHaveLength(MAX_REQUESTS_PER_TURN + 4);
  });

  test('a peer that pipelines delays only itself', () => {
    const { run, turn, started } = paced();
    run(1_000);
    run(1, () => true, '192.0.2.2', {});
    run(1, () => true, '192.0.2.1', {});
    turn();
    turn();
    expect(started).toEqual(expect.arrayContaining([1_000, 1_001]));
  });

  test('requests of peers that have left take no place', () => {
    const { run, turn, started } = paced();
    run(MAX_REQUESTS_PER_TURN);
    run(100, () => false);
    run(1);
    turn();
    turn();
    expect(started).toHaveLength(MAX_REQUESTS_PER_TURN + 1);
  });

  test('waits for no turn when it has nothing to do', () => {
    const { run, turn, turns } = paced();
    run(1);
    turn();
    expect(turns).toEqual([]);
  });
});
