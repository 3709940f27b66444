/** Cards of possible causes: the engine, this node, its GPUs, the network to the listeners. */
import type { CatalogueEntry, Level } from '@auralis/shared';
import type { Row } from './feed.js';
import { type Circumstances, judge, labelOf, type Verdict } from './judge.js';
import type { WholeTable, WholeTables } from './whole-tables.js';

export interface Figure {
  readonly label: string;
  readonly spec: CatalogueEntry;
  readonly value: number | null;
  readonly verdict: Verdict | null;
}

export interface Card {
  /** Tells cards apart. */
  readonly key: string;
  readonly title: string;
  /** Subject: the stream, the host, the model of a GPU. */
  readonly of: string;
  /** A fault that its figures do not show. */
  readonly trouble: string | null;
  /** The worst of all; null where nothing is known. */
  readonly level: Level | null;
  readonly figures: readonly Figure[];
}

type Place = readonly [table: WholeTable, column: string, label: string];

const ENGINE: readonly Place[] = [
  ['streams', 'audio_rate', 'Audio'],
  ['engines', 'synthesis_latency_ms', 'Synthesis'],
  ['engines', 'real_time_factor', 'Real time'],
  ['engines', 'synthesis_failure_rate', 'Failures'],
  ['engines', 'phrase_queue_depth', 'Queue'],
  ['engines', 'ring_buffer_depth_ms', 'Ring buffer'],
  ['engines', 'peak_amplitude_db', 'Peak'],
  ['engines', 'process_cpu_percent', 'CPU'],
];
const NODE: readonly Place[] = [
  ['hosts', 'cpu_percent', 'CPU'],
  ['hosts', 'memory_used_mb', 'Memory'],
  ['hosts', 'disk_mb_s', 'Disk'],
  ['hosts', 'network_mbps', 'Network'],
  ['hubs', 'event_loop_delay_p99_ms', 'Loop delay'],
  ['hosts', 'process_cpu_percent', 'Hub CPU'],
  ['hubs', 'process_memory_mb', 'Hub memory'],
  ['hubs', 'frames_skipped', 'Skipped'],
];
const GPU: readonly Place[] = [
  ['gpus', 'memory_used_mb', 'Memory'],
  ['gpus', 'utilization_percent', 'Busy'],
  ['gpus', 'temperature_c', 'Heat'],
  ['gpus', 'power_w', 'Power'],
];
const NETWORK: readonly Place[] = [
  ['streams', 'rtt_p50_ms', 'RTT p50'],
  ['streams', 'rtt_p95_ms', 'RTT p95'],
  ['streams', 'latency_p50_ms', 'Lat. p50'],
  ['streams', 'latency_p95_ms', 'Lat. p95'],
  ['streams', 'dropped_per_min', 'Dropped'],
  ['streams', 'buffer_depth_p5_ms', 'Buffer p5'],
];

/** GPUs of one page; a host with more has a page of its own for them. */
const MAX_GPUS = 8;

/** The cards for a stream, on the hub of this id. */
export function engineRoom(tables: WholeTables, stream: string | null, hub: string): readonly Card[] {
  const of = (name: string | null) => (table: WholeTable) => tables.rows(table).get(name ?? '');
  const gpus = [...tables.rows('gpus').values()].slice(0, MAX_GPUS);
  return [
    {
      key: 'engine',
      title: 'Engine',
      of: stream ?? '',
      ...cardOf(tables, ENGINE, of(stream), silenceOf(tables, stream)),
    },
    { key: 'node', title: 'This node', of: hub, ...cardOf(tables, NODE, of(hub), null) },
    ...gpus.map((gpu) => ({
      key: gpu.key,
      title: gpus.length > 1 ? `GPU ${gpu.key}` : 'GPU',
      of: gpu.attribute('name'),
      ...cardOf(tables, GPU, () => gpu, null),
    })),
    { key: 'network', title: 'Network', of: stream ?? '', ...cardOf(tables, NETWORK, of(stream), null) },
  ];
}

function cardOf(
  tables: WholeTables,
  places: readonly Place[],
  rowOf: (table: WholeTable) => Row | undefined,
  trouble: string | null,
): Pick<Card, 'figures' | 'level' | 'trouble'> {
  const figures = places.flatMap(([table, column, label]): Figure[] => {
    const catalogue = tables.catalogue(table);
    const spec = catalogue.get(column);
    if (spec === undefined) return [];
    const row = rowOf(table);
    const circumstances: Circumstances = { catalogue, publishing: null };
    const view = { name: column, label, width: 0, kind: 'reading', spec } as const;
    const verdict = row === undefined ? null : judge(row, view, circumstances);
    return [{ label, spec, value: row?.get(column) ?? null, verdict }];
  });
  return { figures, trouble, level: trouble === null ? worstOf(figures) : 'alert' };
}

function worstOf(figures: readonly Figure[]): Level | null {
  const levels = figures.map(({ verdict }) => verdict?.level);
  if (levels.includes('alert')) return 'alert';
  if (levels.includes('off-target')) return 'off-target';
  return figures.some(({ value }) => value !== null) ? 'ok' : null;
}

/** Listeners wait, and no engine plays to them. */
function silenceOf(tables: WholeTables, stream: string | null): string | null {
  const row = tables.rows('streams').get(stream ?? '');
  if (row === undefined || labelOf(row, 'publishing', tables.catalogue('streams')) !== 'no') return null;
  return (row.get('active_connections') ?? 0) > 0 ? 'no engine is connected' : null;
}
