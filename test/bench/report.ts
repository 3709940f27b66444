import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import type { Figure, Mode, Refused, Target } from './scenario.js';
import type { Spread } from './statistics.js';

export interface ScenarioResult {
  readonly id: string;
  readonly title: string;
  readonly mode: Mode;
  readonly seconds: number;
  readonly lines: readonly (Figure | Refused)[];
}

/** Measurements of one or more runs, as they lie in the JSON file. */
export interface Results {
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  readonly scenarios: readonly ScenarioResult[];
}

/** Adds a scenario to the file: what was measured of others before stays. `order`: ids in the order of the table. */
export function mergeResults(path: string, fresh: ScenarioResult, order: readonly string[]): Results {
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Results).scenarios : [];
  const known = new Map([...before, fresh].map((result) => [result.id, result]));
  const results: Results = {
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    cores: cpus().length,
    scenarios: order.flatMap((id) => known.get(id) ?? []),
  };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
  return results;
}

const HEADER = ['measured', 'hub', 'peer', 'hub ÷ peer', 'target', ''];

/** The figures as Markdown: a table for each scenario, its notes below it. */
export function markdownOf(scenarios: readonly ScenarioResult[]): string {
  return scenarios
    .map(({ title, mode, lines }) => {
      const rows = lines.map((line) => `| ${cellsOf(line).join(' | ')} |`);
      const table = [`| ${HEADER.join(' | ')} |`, `|${HEADER.map(() => '---').join('|')}|`, ...rows].join('\n');
      const notes = [...new Set(lines.flatMap((line) => ('refused' in line ? [] : line.notes)))];
      const list = notes.map((note) => `- ${note}`).join('\n');
      return `### ${title}\n\n${table}\n\n${list === '' ? '' : `${list}\n\n`}Mode: ${mode}.\n`;
    })
    .join('\n');
}

/** The same for a terminal: columns that line up. */
export function textOf({ title, lines }: ScenarioResult): string {
  const cells = [HEADER, ...lines.map(cellsOf)];
  const widths = HEADER.map((_, at) => Math.max(...cells.map((row) => (row[at] ?? '').length)));
  const rows = cells.map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd());
  const notes = [...new Set(lines.flatMap((line) => ('refused' in line ? [] : line.notes)))];
  return [title, ...rows, ...notes.map((note) => `  · ${note}`)].join('\n');
}

const BEGIN = '<!-- bench:begin -->';
const END = '<!-- bench:end -->';

/** Puts the table between the two markers of a Markdown file. @throws Error where they are not there */
export function writeSection(path: string, results: Results): void {
  const text = readFileSync(path, 'utf8');
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from < 0 || to < from) throw new Error(`${path} lacks the lines ${BEGIN} and ${END}`);
  const machine = `${results.cores} cores, Node ${results.node}, ${results.platform}, loopback.`;
  const section = `${BEGIN}\n\n${machine}\n\n${markdownOf(results.scenarios)}\n`;
  writeFileSync(path, text.slice(0, from) + section + text.slice(to));
}

function cellsOf(line: Figure | Refused): string[] {
  if ('refused' in line) return [line.name, 'no figure', '', '', '', line.refused];
  const { name, unit, hub, peer, ratio, target } = line;
  const held = target?.of === 'hub' ? hub : ratio;
  const limit = target === null ? '' : `≤ ${numeral(target.max)}${target.of === 'hub' ? ` ${unit}` : ''}`;
  return [
    name,
    `${spread(hub)} ${unit}`,
    peer === null ? '' : `${peer.name}: ${numeral(peer.value.median)} ${unit}`,
    ratio === null ? '' : spread(ratio),
    limit,
    held === null ? '' : verdictOf(held, target),
  ];
}

function verdictOf({ median, min, max }: Spread, target: Target | null): string {
  if (target === null) return '';
  const verdict = median <= target.max ? 'met' : 'missed';
  // Rounds on both sides of the target: another run may say the opposite.
  return min <= target.max && max > target.max ? `${verdict}, within the spread` : verdict;
}

function spread({ median, min, max, rounds }: Spread): string {
  return rounds === 1 || min === max ? numeral(median) : `${numeral(median)} (${numeral(min)}–${numeral(max)})`;
}

/** Three significant digits, as a person would write them. */
function numeral(value: number): string {
  if (!Number.isFinite(value)) return '?';
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-GB');
  return String(Number(value.toPrecision(3)));
}
