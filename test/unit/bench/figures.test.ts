import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { LoadWatch } from '../../bench/load.js';
import { parseOptions, UsageError } from '../../bench/options.js';
import { seededRandom } from '../../bench/random.js';
import { markdownOf, mergeResults, type ScenarioResult, textOf, writeSection } from '../../bench/report.js';
import { usPerItem } from '../../bench/rounds.js';
import { type Figure, figureOr, RefusedError } from '../../bench/scenario.js';
import { intervalOf, quantileOf, ratioOf, spreadOf } from '../../bench/statistics.js';

const figure = (hub: number[], peer: number[], max: number): Figure => ({
  name: 'a message',
  unit: 'µs',
  hub: spreadOf(hub),
  peer: { name: 'bare', value: spreadOf(peer) },
  ratio: ratioOf(hub, peer),
  target: { max, of: 'ratio' },
  notes: [],
});

const result = (id: string, ...lines: ScenarioResult['lines']): ScenarioResult => ({
  id,
  title: `Scenario ${id}`,
  mode: 'quick',
  seconds: 1,
  lines,
});

describe('statistics', () => {
  test('a spread is the middle round, the least and the largest', () => {
    expect(spreadOf([5, 1, 9])).toEqual({ median: 5, min: 1, max: 9, rounds: 3 });
    expect(spreadOf([4, 1, 2, 9])).toEqual({ median: 3, min: 1, max: 9, rounds: 4 });
    expect(() => spreadOf([])).toThrow(RangeError);
  });

  test('an interval holds the true mean in nineteen of twenty samples, whatever the distribution', () => {
    const random = seededRandom(7);
    const skewed = () => -Math.log(1 - random());
    let held = 0;
    for (let sample = 0; sample < 60; sample++) {
      const { mean, low, high } = intervalOf(Array.from({ length: 80 }, skewed));
      expect(low).toBeLessThan(mean);
      expect(high).toBeGreaterThan(mean);
      if (low <= 1 && high >= 1) held++;
    }
    expect(held / 60).toBeGreaterThan(0.88);
    expect(intervalOf([3, 3, 3])).toEqual({ mean: 3, low: 3, high: 3 });
    expect(() => intervalOf([])).toThrow(RangeError);
  });

  test('ratios are taken round by round: a slow round slows down both', () => {
    expect(ratioOf([1, 10, 2], [2, 20, 4])).toEqual({ median: 0.5, min: 0.5, max: 0.5, rounds: 3 });
    expect(ratioOf([1, 3, 9], [1, 1, 3])).toEqual({ median: 3, min: 1, max: 3, rounds: 3 });
  });

  test('a quantile is a value that was measured, by nearest rank', () => {
    const values = Float64Array.from({ length: 200 }, (_, at) => 200 - at);
    expect([0, 0.5, 0.99, 1].map((q) => quantileOf(values, q))).toEqual([1, 100, 198, 200]);
  });

  test('what a server uses idle is not charged to its items', () => {
    const sample = { cpuNs: 5_000_000, elapsedNs: 1_000_000_000, items: 1000 };
    expect(usPerItem([sample], 0)).toEqual([5]);
    expect(usPerItem([sample], 0.002)).toEqual([3]);
  });
});

describe('the load process', () => {
  const noted = (cpuShare: number, late: number) => {
    const watch = new LoadWatch();
    watch.note({ cpuNs: [], elapsedNs: 1000 }, 100, [{ sent: 100, late: 0 }]);
    watch.note({ cpuNs: [], elapsedNs: 1000 }, cpuShare * 1000, [{ sent: 100, late }]);
    return watch.notes();
  };

  test('is said to be the bottleneck where it used 90 % of a core, and late where one message in twenty was', () => {
    expect(noted(0.89, 5)).toEqual([]);
    expect(noted(0.9, 0)).toEqual(['the load process was the bottleneck in 1 of 2 rounds (90 % of a core)']);
    expect(noted(0.1, 6)).toEqual(['the load process was behind its schedule in 1 of 2 rounds']);
  });

  test('stands below the table with that', () => {
    const line = { ...figure([1], [1], 2), notes: noted(0.95, 0) };
    for (const table of [textOf(result('a', line)), markdownOf([result('a', line)])])
      expect(table).toContain('the load process was the bottleneck');
  });
});

describe('the table', () => {
  test('has medians with their spread, and a verdict that owns up to rounds on both sides', () => {
    const verdicts = [1.5, 2.5, 3.5].map((max) => textOf(result('a', figure([2, 3, 4], [1, 1, 2], max))));
    expect(verdicts[0]).toMatch(/3 \(2–4\) µs +bare: 1 µs +2 \(2–3\) +≤ 1.5 +missed$/);
    expect(verdicts[1]).toMatch(/≤ 2.5 +met, within the spread$/);
    expect(verdicts[2]).toMatch(/≤ 3.5 +met$/);
  });

  test('has no figure where something was lost, but why', async () => {
    const line = await figureOr('a message', () => Promise.reject(new RefusedError('bare took 9 of 10 messages')));
    expect(textOf(result('a', line))).toMatch(/a message +no figure +bare took 9 of 10 messages$/);
    expect(markdownOf([result('a', line)])).toContain(
      '| a message | no figure |  |  |  | bare took 9 of 10 messages |',
    );
    await expect(figureOr('a', () => Promise.reject(new TypeError('a fault')))).rejects.toThrow('a fault');
  });

  test('goes to a file as JSON, beside what was measured before, and between its markers', () => {
    const folder = mkdtempSync(join(tmpdir(), 'auralis-bench-'));
    const [json, markdown] = [join(folder, 'some/results.json'), join(folder, 'BENCHMARKS.md')];
    const order = ['a', 'b'];
    mergeResults(json, result('b', figure([1], [1], 1)), order);
    mergeResults(json, result('a', figure([1], [1], 1)), order);
    const merged = mergeResults(json, result('b', figure([7], [1], 1)), order);
    expect(JSON.parse(readFileSync(json, 'utf8'))).toEqual(merged);
    expect(merged.scenarios.map(({ id }) => id)).toEqual(order);
    writeFileSync(markdown, 'before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n');
    writeSection(markdown, merged);
    const text = readFileSync(markdown, 'utf8');
    expect(text).toMatch(
      /^before\n<!-- bench:begin -->\n[\s\S]*\| a message \| 7 µs \|[\s\S]*<!-- bench:end -->\nafter\n$/,
    );
    expect(text).not.toContain('old');
    writeFileSync(markdown, 'no markers');
    expect(() => writeSection(markdown, merged)).toThrow('lacks the lines');
  });
});

describe('the command line', () => {
  const parse = (...args: string[]) => parseOptions(args, ['ingest', 'relay'], 'results.json');

  test('is a full run without flags', () => {
    expect(parse()).toEqual({ mode: 'full', only: null, write: false, json: 'results.json' });
    expect(parse('--', '--quick', '--only', 'relay,ingest', '--json', 'x', '--write')).toEqual({
      mode: 'quick',
      only: ['relay', 'ingest'],
      write: true,
      json: 'x',
    });
  });

  test.each([['--fast'], ['--only', 'nothing'], ['--only'], ['--json']])('%s %s is refused', (...args) => {
    expect(() => parse(...args)).toThrow(UsageError);
  });
});
