import { ClockStep } from '@auralis/client/clock-step';
import { describe, expect, test } from '@jest/globals';
import { randomFrom } from '../../harness/random.js';

const START = 1_700_000_000_000;

describe('ClockStep', () => {
  test.each([1, 1000 / 60, 100])('is never below a true step of %d ms, and meets it after 20 readings', (stepMs) => {
    const random = randomFrom(1);
    for (let page = 0; page < 200; page++) {
      const step = new ClockStep();
      let time = START + random() * 1e9;
      for (let reading = 0; reading < 20; reading++) {
        time += random() * 400;
        step.saw(Math.floor(time / stepMs) * stepMs);
        expect(step.ms).toBeGreaterThanOrEqual(stepMs - 0.01);
      }
      expect(step.ms).toBeCloseTo(stepMs, 1);
    }
  });

  test('takes a clock finer than a millisecond for one of a millisecond', () => {
    const random = randomFrom(2);
    const step = new ClockStep();
    for (let reading = 0; reading < 20; reading++) step.saw(START + random() * 500);
    expect(step.ms).toBe(1);
  });

  test('expects the coarsest clock before two readings differ', () => {
    const step = new ClockStep();
    expect(step.ms).toBe(100);
    step.saw(START);
    step.saw(START);
    expect(step.ms).toBe(100);
  });

  test('learns nothing from readings that are far apart, for their errors would make every clock a fine one', () => {
    const step = new ClockStep();
    step.saw(START);
    step.saw(START + 60_000.3);
    expect(step.ms).toBe(100);
  });
});
