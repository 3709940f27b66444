import type { Exposition } from './exposition.js';
import type { Family } from './naming.js';

/** What the specification's page is made of: its own summary, null where nothing was reported. */
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

const counter = (name: string, help: string): Family => ({ name, type: 'counter', unit: null, help });
const gauge = (name: string, unit: string | null, help: string): Family => ({ name, type: 'gauge', unit, help });

/**
 * The ten lines of the specification's `export_prometheus`: names, types and help are its own, and stay, though `ms` and
 * `mb` are no base units.
 */
export const SPEC_LINES: readonly (readonly [Family, keyof SpecFigures])[] = [
  [counter('auralis_phrases', 'Total phrases generated'), 'total_phrases_generated'],
  [counter('auralis_synthesis_errors', 'Total synthesis errors'), 'total_synthesis_errors'],
  [
    gauge('auralis_synthesis_latency_ms', 'ms', 'Average synthesis latency in milliseconds'),
    'avg_synthesis_latency_ms',
  ],
  [gauge('auralis_real_time_factor', null, 'Synthesis real-time factor'), 'avg_rtf'],
  [gauge('auralis_buffer_depth_ms', 'ms', 'Audio buffer depth in milliseconds'), 'avg_buffer_depth_ms'],
  [gauge('auralis_active_clients', null, 'Number of active WebSocket clients'), 'current_active_clients'],
  [gauge('auralis_cpu_percent', 'percent', 'CPU usage percentage'), 'avg_cpu_percent'],
  [gauge('auralis_memory_mb', 'mb', 'Memory usage in megabytes'), 'avg_memory_mb'],
  [counter('auralis_chunks_sent', 'Total audio chunks sent'), 'total_chunks_sent'],
  [counter('auralis_chunks_dropped', 'Total audio chunks dropped'), 'total_chunks_dropped'],
];

export function writeSpecLines(page: Exposition, figures: SpecFigures): void {
  for (const [family, key] of SPEC_LINES) {
    page.family(family);
    // A gauge that nobody has reported is absent. A counter is 0 then, which is true, and lets the first step be seen.
    page.sample('', figures[key] ?? (family.type === 'counter' ? 0 : Number.NaN));
  }
}
