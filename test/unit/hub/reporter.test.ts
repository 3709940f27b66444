import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@auralis/server/hub/config';
import { reportLine } from '@auralis/server/hub/report-line';
import { Reporter } from '@auralis/server/hub/reporter';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

const { NaN: unknown } = Number;
const FIGURES = { clients: 12, bufferMs: 279.6, cpuPercent: 37.4, memoryMb: 512.5, chunksSent: 4711, chunksDropped: 3 };
const LINE = 'Metrics: clients=12, buffer=280ms, cpu=37%, mem=513MB, chunks_sent=4711, dropped=3';

test('the line of the specification', () => expect(reportLine(FIGURES)).toBe(LINE));

test('what is not known is not 0', () => {
  expect(reportLine({ ...FIGURES, bufferMs: unknown, cpuPercent: unknown, memoryMb: unknown })).toBe(
    'Metrics: clients=12, buffer=unknown, cpu=unknown, mem=unknown, chunks_sent=4711, dropped=3',
  );
  expect(reportLine({ ...FIGURES, bufferMs: 0 })).toContain('buffer=0ms');
});

describe('the reporter', () => {
  let folder: string;
  let lines: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'auralis-reporter-'));
    lines = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const start = (file: string | null) =>
    new Reporter({
      figures: () => FIGURES,
      log: { info: (line) => lines.push(line), warn: (line) => lines.push(`warn ${line}`) },
      file,
      wallNow: () => Date.UTC(2026, 0, 17, 20),
    });

  test('writes to the console, and to a file that it makes', async () => {
    const file = join(folder, 'deep', 'er', 'metrics.log');
    const reporter = start(file);
    reporter.report();
    reporter.report();
    await reporter.stop();
    expect(lines).toEqual([LINE, LINE]);
    expect(readFileSync(file, 'utf8')).toBe(`2026-01-17T20:00:00.000Z ${LINE}\n`.repeat(2));
  });

  test('goes on with a file that is there, begins a new one after 10 MB, and keeps five', async () => {
    const file = join(folder, 'metrics.log');
    const almostFull = 'x'.repeat(10 * 2 ** 20 - 10);
    for (let round = 0; round < 7; round++) {
      writeFileSync(file, `round ${round} ${almostFull}`);
      const reporter = start(file);
      reporter.report();
      reporter.report();
      await reporter.stop();
    }
    expect(readdirSync(folder).sort()).toEqual(['metrics.log', ...[1, 2, 3, 4, 5].map((old) => `metrics.log.${old}`)]);
    expect(statSync(file).size).toBeLessThan(1000);
    expect(readFileSync(`${file}.1`, 'utf8').slice(0, 7)).toBe('round 6');
    expect(readFileSync(`${file}.5`, 'utf8').slice(0, 7)).toBe('round 2');
  });

  test('without a file, writes none', async () => {
    const reporter = start(null);
    reporter.report();
    await reporter.stop();
    expect([lines.length, readdirSync(folder)]).toEqual([1, []]);
  });

  test('a file that cannot be is refused at once, by name', () => {
    const notAFolder = join(folder, 'file');
    writeFileSync(notAFolder, '');
    expect(() => start(join(notAFolder, 'metrics.log'))).toThrow(ConfigError);
    expect(() => start(join(notAFolder, 'metrics.log'))).toThrow(/^reporterFile: \S+metrics\.log cannot be written: /);
  });

  test('a file that fails later is said once, and the console goes on', async () => {
    const file = join(folder, 'gone', 'metrics.log');
    const reporter = start(file);
    rmSync(join(folder, 'gone'), { recursive: true });
    writeFileSync(join(folder, 'gone'), 'in the way');
    for (let count = 0; count < 3; count++) {
      reporter.report();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await reporter.stop();
    expect(lines.filter((line) => line === LINE)).toHaveLength(3);
    expect(lines.filter((line) => line.startsWith('warn no metrics go to'))).toHaveLength(1);
  });
});
