import { TickParts } from '@auralis/server/time/tick-parts';
import { toTheEnd } from '@auralis/server/time/time-slicer';
import { beforeEach, expect, test } from '@jest/globals';

let now: number;
let errors: unknown[];
let ran: string[];
let broken: ReadonlySet<string>;
let parts: TickParts;
beforeEach(() => {
  now = 1_000;
  errors = [];
  ran = [];
  broken = new Set();
  const part = (name: string) => (at: number) => {
    ran.push(`${name} ${at}`);
    if (broken.has(name)) throw new Error(name);
  };
  parts = new TickParts(
    { readings: part('readings'), alerts: part('alerts'), history: part('history') },
    { now: () => now, onError: (error) => errors.push(error) },
  );
});

const runSeconds = (seconds: number) => {
  for (let second = 0; second < seconds; second++) {
    now += 1_000;
    toTheEnd(parts.run(now));
  }
};

test('each part runs even if another throws', () => {
  broken = new Set(['readings', 'alerts']);
  runSeconds(1);
  expect(ran).toEqual(['readings 2000', 'alerts 2000', 'history 2000']);
  expect(errors).toEqual([new Error('readings'), new Error('alerts')]);
});

test('a part that has not completed for 10 s is failing, and works again once it completes', () => {
  runSeconds(5);
  broken = new Set(['alerts']);
  runSeconds(10);
  expect(parts.failing()).toBeNull();
  runSeconds(1);
  expect(parts.failing()).toBe('alerts');
  broken = new Set();
  runSeconds(1);
  expect(parts.failing()).toBeNull();
});

test('without ticks its parts are failing', () => {
  runSeconds(1);
  now += 10_001;
  expect(parts.failing()).toBe('readings');
});

test('long work goes step by step, and the next part begins after its last step', () => {
  const long = function* (at: number) {
    for (let row = 0; row < 3; row++) {
      ran.push(`row ${row} ${at}`);
      yield;
    }
    throw new Error('long');
  };
  parts = new TickParts(
    { long, after: () => void ran.push('after') },
    { now: () => now, onError: (error) => errors.push(error) },
  );
  const steps = parts.run(5);
  const seen = [0, 1, 2, 3, 4].map(() => {
    steps.next();
    return ran.at(-1);
  });
  expect(seen).toEqual(['row 0 5', 'row 1 5', 'row 2 5', 'row 2 5', 'after']);
  expect([steps.next().done, errors]).toEqual([true, [new Error('long')]]);
});
