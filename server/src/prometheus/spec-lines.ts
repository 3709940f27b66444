import type { Exposition } from './exposition.js';
import { type Family, inBaseUnit } from './naming.js';

/** The specification's summary; null if nothing was reported. */
export interface SpecFigures {
  readonly total_phrases_generated: number | null;
  readonly total_synthesis_errors: number | null;
  readonly avg_synthesis_latency_ms: number | null;
  readonly avg_rtf: number | null;
  readonly avg_buffer_depth_ms: number | null;
  readonly current_active_clients: number;
  readonly avg_cpu_percent: number | null;
  readonly avg_memory_mb: number | null;
  readonly total_chunks_sent: number;
  readonly total_chunks_dropped: number;
}

/** A line of the specification and, where its unit is none that Prometheus wants, the same figure in one that is. */
interface SpecLine {
  readonly key: keyof SpecFigures;
  readonly family: Family;
  readonly base?: { readonly family: Family; readonly multiply: number; readonly divide: number };
}

/**
 * `spec`: the names of the specification, all ten, and three of them in base units beside. `base`: base units alone.
 */
export type SpecNames = 'spec' | 'base';

const counter = (key: keyof SpecFigures, name: string, help: string): SpecLine => ({
  key,
  family: { name, type: 'counter', unit: null, help },
});

const gauge = (key: keyof SpecFigures, name: string, unit: string | null, help: string): SpecLine => ({
  key,
  family: { name, type: 'gauge', unit, help },
});

/** `help`: the specification's, then that of the base unit. */
function abbreviated(
  key: keyof SpecFigures,
  name: string,
  unit: 'ms' | 'MB',
  help: readonly [string, string],
): SpecLine {
  const { name: baseName, unit: baseUnit, multiply, divide } = inBaseUnit(name, unit);
  const base: Family = { name: baseName, type: 'gauge', unit: baseUnit, help: help[1] };
  return { ...gauge(key, name, unit.toLowerCase(), help[0]), base: { family: base, multiply, divide } };
}

/**
 * The ten lines of the specification's `export_prometheus`: names, types and help are its own. Three of the names end
 * in abbreviated units, which `promtool check metrics` refuses.
 */
export const SPEC_LINES: readonly SpecLine[] = [
  counter('total_phrases_generated', 'auralis_phrases', 'Total phrases generated'),
  counter('total_synthesis_errors', 'auralis_synthesis_errors', 'Total synthesis errors'),
  abbreviated('avg_synthesis_latency_ms', 'auralis_synthesis_latency_ms', 'ms', [
    'Average synthesis latency in milliseconds',
    'Average synthesis latency in seconds',
  ]),
  gauge('avg_rtf', 'auralis_real_time_factor', null, 'Synthesis real-time factor'),
  abbreviated('avg_buffer_depth_ms', 'auralis_buffer_depth_ms', 'ms', [
    'Audio buffer depth in milliseconds',
    'Audio buffer depth in seconds',
  ]),
  gauge('current_active_clients', 'auralis_active_clients', null, 'Number of active WebSocket clients'),
  gauge('avg_cpu_percent', 'auralis_cpu_percent', 'percent', 'CPU usage percentage'),
  abbreviated('avg_memory_mb', 'auralis_memory_mb', 'MB', ['Memory usage in megabytes', 'Memory usage in bytes']),
  counter('total_chunks_sent', 'auralis_chunks_sent', 'Total audio chunks sent'),
  counter('total_chunks_dropped', 'auralis_chunks_dropped', 'Total audio chunks dropped'),
];

/** Those three, and what they are in base units. */
export const ABBREVIATED = SPEC_LINES.flatMap(({ key, family, base }) =>
  base === undefined ? [] : [{ key, family, base }],
);

export function writeSpecLines(page: Exposition, names: SpecNames, figures: SpecFigures): void {
  for (const { key, family, base } of SPEC_LINES) {
    if (names === 'base' && base !== undefined) continue;
    page.family(family);
    // A gauge that nobody has reported is absent. A counter is 0 then, which is true, and lets the first step be
    // seen.
    page.sample('', figures[key] ?? (family.type === 'counter' ? 0 : Number.NaN));
  }
  for (const { key, base } of ABBREVIATED) {
    page.family(base.family);
    page.sample('', ((figures[key] ?? Number.NaN) * base.multiply) / base.divide);
  }
}
