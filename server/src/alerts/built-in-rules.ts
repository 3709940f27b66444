/**
 * Rules that come with the hub: one for each threshold of the specification, with its level from the catalogue, and
 * some for faults that thresholds do not show.
 */
import { type Bounds, COLUMNS } from '@auralis/shared';
import type { RuleSpec } from './rule-spec.js';

/** The alert threshold of a column. */
function threshold(table: RuleSpec['table'], column: string): Required<Bounds> {
  const bounds = COLUMNS.find((known) => known.table === table && known.name === column)?.alert ?? {};
  return { min: bounds.min ?? Number.NaN, max: bounds.max ?? Number.NaN };
}

type Rest = Omit<RuleSpec, 'name' | 'table' | 'column' | 'above' | 'below'>;

/** A rule that fires above, or below, its column's own threshold. */
const above = (name: string, table: RuleSpec['table'], column: string, rest: Rest): RuleSpec => ({
  name, table, column, above: threshold(table, column).max, ...rest,
});
const below = (name: string, table: RuleSpec['table'], column: string, rest: Rest): RuleSpec => ({
  name, table, column, below: threshold(table, column).min, ...rest,
});

const PUBLISHING = ['stream.publishing = yes'];
/** Listeners of a stream that sends nothing are not at fault. */
const STREAM_STARVES = ['stream.engine_offline_since > 0', 'stream.audio_rate < 0.8'];

const SYNTHESIS: readonly RuleSpec[] = [
  above('synthesis-slow', 'engines', 'synthesis_latency_ms', { title: 'Synthesis slow' }),
  below('real-time-factor-low', 'engines', 'real_time_factor', { title: 'Synthesis close to real time' }),
  above('synthesis-failures', 'engines', 'synthesis_failure_rate', {
    title: 'Synthesis failing', severity: 'error', while: ['synthesis_attempts_5min >= 10'],
  }),
  above('gpu-memory', 'gpus', 'memory_used_mb', { title: 'GPU memory high', severity: 'error' }),
  {
    name: 'gpu-lost', title: 'GPU lost', help: 'its driver cannot reach it: reset it, or restart the machine',
    severity: 'critical', table: 'gpus', column: 'state', is: 'lost', forS: 0,
  },
  above('engine-gpu-memory', 'engines', 'gpu_memory_mb', {
    title: 'GPU memory high (engine reading)', severity: 'error', insteadOf: 'gpus.memory_used_mb',
  }),
  above('clipping', 'engines', 'peak_amplitude_db', { title: 'Audio clipping', forS: 0 }),
];

const STREAMING: readonly RuleSpec[] = [
  below('listener-buffer-low', 'connections', 'buffer_depth_ms', {
    title: 'Listener buffers low', while: ['playback_state = playing'], unless: STREAM_STARVES,
  }),
  above('listener-buffer-high', 'connections', 'buffer_depth_ms', {
    title: 'Listener buffers high', while: ['playback_state = playing'],
    // A player that reports by CMCD plays from segments, and buffers half a minute of them.
    unless: ['buffer_chunks <= 3', 'id contains ~'],
  }),
  below('ring-buffer-low', 'engines', 'ring_buffer_depth_ms', {
    title: "Engine buffer low", severity: 'error', while: PUBLISHING,
  }),
  above('ring-buffer-high', 'engines', 'ring_buffer_depth_ms', {
    title: "Engine buffer high", severity: 'error', while: PUBLISHING,
  }),
  below('stream-chunk-rate', 'streams', 'audio_rate', {
    title: 'Stream slower than real time', severity: 'error', while: ['publishing = yes'], forS: 2,
  }),
  below('listener-chunk-rate', 'connections', 'audio_rate', {
    title: 'Listeners sent too little audio', while: PUBLISHING, unless: STREAM_STARVES,
  }),
  above('listener-latency', 'connections', 'latency_ms', { title: 'Listener latency high' }),
  above('listener-round-trip', 'connections', 'rtt_ms', {
    title: 'Listener round trip high', unless: ['clock = synced'],
  }),
  above('listener-drops', 'connections', 'dropped_per_min', { title: 'Listeners dropping chunks', forS: 0 }),
  above('stream-drops', 'streams', 'dropped_per_min', {
    title: 'Stream dropping chunks', severity: 'error', forS: 0,
  }),
  above('engine-drops', 'engines', 'dropped_per_min', {
    title: 'Engine dropping chunks (engine reading)', severity: 'error', forS: 0,
  }),
  above('hub-refusals', 'hubs', 'refused_at_capacity', {
    title: 'Hub full: listeners refused', help: 'all places of --max-clients are taken', severity: 'error',
    windowS: 60, forS: 0, clearForS: 0,
  }),
  above('hub-nearly-full', 'hubs', 'capacity_percent', { title: 'Hub nearly full' }),
];

const GENERATION: readonly RuleSpec[] = [
  above('phrase-slow', 'engines', 'phrase_generation_ms', { title: 'Phrase generation slow', forS: 0 }),
  below('phrase-queue-empty', 'engines', 'phrase_queue_depth', {
    title: 'Phrase queue empty', severity: 'error', while: PUBLISHING, forS: 1,
  }),
  above('generation-failures', 'engines', 'generation_failures_per_hour', {
    title: 'Phrase generation failing', severity: 'error', forS: 0,
  }),
];

const SYSTEM: readonly RuleSpec[] = [
  above('host-cpu', 'hosts', 'cpu_percent', { title: 'Host CPU high' }),
  above('engine-memory', 'engines', 'process_memory_mb', { title: 'Engine memory high', severity: 'error' }),
  above('hub-memory', 'hosts', 'process_memory_mb', {
    title: 'Hub memory high', severity: 'error', insteadOf: 'engines.process_memory_mb',
  }),
  above('host-disk', 'hosts', 'disk_mb_s', { title: 'Host disk busy' }),
  above('host-network', 'hosts', 'network_mbps', { title: 'Host network busy' }),
];

const BEYOND_THRESHOLDS: readonly RuleSpec[] = [
  {
    name: 'engine-offline', title: 'Engine offline', help: 'their stream has lost its engine, so they hear silence',
    severity: 'critical', table: 'connections', column: 'chunk_send_rate', absent: true,
    // A stream that never had an engine may be served by another server.
    while: ['stream.engine_offline_since > 0'], clearForS: 3,
  },
  {
    name: 'listener-rebuffering', title: 'Listeners rebuffering', help: 'their players have run out of audio',
    table: 'connections', column: 'playback_state', is: 'stalled',
    // If the buffer is known, `listener-running-out` has fired before.
    unless: [...STREAM_STARVES, 'time_to_gap_ms >= 0'],
  },
  {
    name: 'listener-running-out', title: 'Listener buffers running out',
    table: 'connections', column: 'time_to_gap_ms', below: 2_000, clear: 2_000,
    unless: STREAM_STARVES, forS: 1,
  },
  {
    name: 'repeated-rebuffering', title: 'Repeated rebuffering', help: 'their audio was interrupted',
    table: 'connections', column: 'buffer_underruns', above: 1, windowS: 60, forS: 0,
    unless: STREAM_STARVES,
  },
  {
    name: 'listener-frozen', title: 'Players frozen', help: 'they receive but do not play, or report what cannot be true',
    table: 'connections', column: 'status_reason', is: ['frozen', 'contradicting'],
  },
  {
    name: 'listener-not-starting', title: 'Players not starting', help: 'they have tried for 10 s or more while audio came',
    table: 'connections', column: 'status_reason', is: 'not_starting',
  },
  above('listener-errors', 'connections', 'error_rate_1min', { title: 'Chunks unusable' }),
  {
    name: 'stream-format', title: 'Wrong audio format',
    help: 'its bytes last longer or shorter than it declares; see pcm_ratio', severity: 'error',
    table: 'streams', column: 'status_reason', is: 'wrong_format',
  },
  {
    name: 'event-loop-delay', title: 'Event-loop delay high', help: 'it has too little CPU, or was stopped',
    severity: 'error', table: 'hubs', column: 'event_loop_blocked_ms', above: 1_000, clear: 0, forS: 0,
  },
  {
    name: 'internal-errors', title: 'Internal errors', help: 'its log says which', severity: 'error',
    table: 'hubs', column: 'errors', above: 0, windowS: 60, forS: 0, clearForS: 0,
  },
  {
    name: 'notifier-failing', title: 'Notifier unreachable', help: '/api/v1/notifiers says which, and why',
    severity: 'warning', table: 'hubs', column: 'notifiers_failing', above: 0, forS: 60, clearForS: 0,
  },
];

export const BUILT_IN_RULES: readonly RuleSpec[] = [
  ...SYNTHESIS,
  ...STREAMING,
  ...GENERATION,
  ...SYSTEM,
  ...BEYOND_THRESHOLDS,
];
