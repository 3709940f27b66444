import { JitterBuffer, START_MS } from '@auralis/client/audio/jitter-buffer';
import { describe, expect, test } from '@jest/globals';

const RATE = 8_000;
const BLOCK = 128;
const frames = (ms: number) => (ms * RATE) / 1000;

/**
 * Plays chunks that come when they are whole, each `lateMs` late at most; samples count up, so that each can be told.
 */
function play(nextMs: (chunk: number) => number, seconds: number, lateMs: (chunk: number) => number = () => 0) {
  const buffer = new JitterBuffer(RATE, 1);
  const output = [new Float32Array(BLOCK)];
  const heard: number[] = [];
  let pushed = 0;
  let chunk = 0;
  let wholeAt = nextMs(0);
  for (let now = 0; now < seconds * 1000; now += (BLOCK * 1000) / RATE) {
    while (wholeAt + lateMs(chunk) <= now) {
      buffer.push(Float32Array.from({ length: frames(nextMs(chunk)) }, () => ++pushed % 2 ** 23));
      wholeAt += nextMs(++chunk);
    }
    buffer.pull(output);
    for (const sample of output[0] as Float32Array) if (sample !== 0) heard.push(sample);
  }
  return { status: buffer.status, heard };
}

/** Whether nothing is missing between the first sample and the last. */
const isWhole = (heard: readonly number[]) => heard.every((sample, at) => sample === at + 1);

describe('chunks of any length are heard whole, without a gap', () => {
  test.each([20, 100, 200, 1_000, 2_000, 5_000, 10_000])('%p ms', (ms) => {
    const late = (chunk: number) => (chunk * 37) % 150;
    const { status, heard } = play(() => ms, 60, late);
    expect([status.state, status.underruns, status.skippedMs]).toEqual(['playing', 0, 0]);
    expect(isWhole(heard)).toBe(true);
    expect(heard.length).toBeGreaterThan(frames(60_000 - ms - 600));
  });

  test('varying, the longest first', () => {
    const lengths = [4_000, 20, 700, 4_000, 100, 2_000, 20, 20, 3_000];
    const { status, heard } = play(
      (chunk) => lengths[chunk % lengths.length] as number,
      60,
      (chunk) => (chunk * 37) % 150,
    );
    expect([status.underruns, status.skippedMs, isWhole(heard)]).toEqual([0, 0, true]);
  });
});

test('begins as soon as there are 300 ms of short chunks', () => {
  const buffer = new JitterBuffer(RATE, 1);
  for (let chunk = 1; chunk <= START_MS / 100; chunk++) {
    expect(buffer.state).toBe('filling');
    buffer.push(new Float32Array(frames(100)));
  }
  expect(buffer.state).toBe('playing');
});

test('drops the oldest of what gathers beyond 1.5 s, or two chunks', () => {
  const short = new JitterBuffer(RATE, 1);
  for (let chunk = 0; chunk < 16; chunk++) short.push(new Float32Array(frames(100)));
  expect([short.status.depthMs, short.status.skippedMs]).toEqual([300, 1_300]);
  const long = new JitterBuffer(RATE, 1);
  for (let chunk = 0; chunk < 3; chunk++) long.push(new Float32Array(frames(10_000)));
  expect([long.status.depthMs, long.status.skippedMs]).toEqual([10_000, 20_000]);
});
