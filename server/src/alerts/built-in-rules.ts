/**
 * The rules that come with the hub: one for each row of the threshold table (which reading, at which scope, when), its
 * level from the catalogue; and a few for what the thresholds do not see, such as an engine that is not there.
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
/** A listener whose stream has nothing to send is not the one to be told of. */
const STREAM_STARVES = ['stream.engine_lost_at > 0', 'stream.audio_rate < 0.8'];

const SYNTHESIS: readonly RuleSpec[] = [
  above('synthesis-slow', 'engines', 'synthesis_latency_ms', { title: 'Synthesis is slow' }),
  below('real-time-factor-low', 'engines', 'real_time_factor', { title: 'Synthesis is hardly faster than real time' }),
  above('synthesis-failures', 'engines', 'synthesis_failure_rate', {
    title: 'Syntheses fail', severity: 'error', while: ['synthesis_attempts_5min >= 10'],
  }),
  above('gpu-memory', 'gpus', 'memory_used_mb', { title: 'GPU memory is high', severity: 'error' }),
  {
    name: 'gpu-lost', title: 'A GPU is lost', help: 'its driver cannot reach it: reset it, or restart the machine',
    severity: 'critical', table: 'gpus', column: 'state', is: 'lost', forS: 0,
  },
  above('engine-gpu-memory', 'engines', 'gpu_memory_mb', {
    title: 'GPU memory is high, as the engine says', severity: 'error', insteadOf: 'gpus.memory_used_mb',
  }),
  above('clipping', 'engines', 'peak_amplitude_db', { title: 'The audio clips', forS: 0 }),
];

const STREAMING: readonly RuleSpec[] = [
  below('listener-buffer-low', 'connections', 'buffer_depth_ms', {
    title: 'Listeners are about to run dry', while: ['playback_state = playing'], unless: STREAM_STARVES,
  }),
  above('listener-buffer-high', 'connections', 'buffer_depth_ms', {
    title: 'Listeners lag behind', while: ['playback_state = playing'],
    // A player that reports by CMCD plays from segments, and fills its buffer with half a minute of them.
    unless: ['buffer_chunks <= 3', 'id contains ~'],
  }),
  below('ring-buffer-low', 'engines', 'ring_buffer_depth_ms', {
    title: "The engine's buffer runs dry", severity: 'error', while: PUBLISHING,
  }),
  above('ring-buffer-high', 'engines', 'ring_buffer_depth_ms', {
    title: "The engine's buffer is not drained", severity: 'error', while: PUBLISHING,
  }),
  below('stream-chunk-rate', 'streams', 'audio_rate', {
    title: 'A stream gets too little audio', severity: 'error', while: ['publishing = yes'], forS: 2,
  }),
  below('listener-chunk-rate', 'connections', 'audio_rate', {
    title: 'Listeners are sent too little audio', while: PUBLISHING, unless: STREAM_STARVES,
  }),
  above('listener-latency', 'connections', 'latency_ms', { title: 'Listeners hear late' }),
  above('listener-round-trip', 'connections', 'rtt_ms', {
    title: 'Listeners are far away', unless: ['clock = synced'],
  }),
  above('listener-drops', 'connections', 'dropped_per_min', { title: 'Chunks are dropped for listeners', forS: 0 }),
  above('stream-drops', 'streams', 'dropped_per_min', {
    title: 'A stream drops chunks', severity: 'error', forS: 0,
  }),
  above('engine-drops', 'engines', 'dropped_per_min', {
    title: 'An engine drops chunks, as it says', severity: 'error', forS: 0,
  }),
  above('hub-refusals', 'hubs', 'refused_at_capacity', {
    title: 'Listeners are refused', help: 'all places of --max-clients are taken', severity: 'error',
    windowS: 60, forS: 0, clearForS: 0,
  }),
  above('hub-nearly-full', 'hubs', 'capacity_percent', { title: 'The hub is nearly full' }),
];

const GENERATION: readonly RuleSpec[] = [
  above('phrase-slow', 'engines', 'phrase_generation_ms', { title: 'Composing is slow', forS: 0 }),
  below('phrase-queue-empty', 'engines', 'phrase_queue_depth', {
    title: 'The phrase queue is empty', severity: 'error', while: PUBLISHING, forS: 1,
  }),
  above('generation-failures', 'engines', 'generation_failures_per_hour', {
    title: 'Phrases cannot be composed', severity: 'error', forS: 0,
  }),
];

const SYSTEM: readonly RuleSpec[] = [
  above('host-cpu', 'hosts', 'cpu_percent', { title: 'The host is busy' }),
  above('engine-memory', 'engines', 'process_memory_mb', { title: 'The engine uses much memory', severity: 'error' }),
  above('hub-memory', 'hosts', 'process_memory_mb', {
    title: 'The hub uses much memory', severity: 'error', insteadOf: 'engines.process_memory_mb',
  }),
  above('host-disk', 'hosts', 'disk_mb_s', { title: 'The disk is busy' }),
  above('host-network', 'hosts', 'network_mbps', { title: 'The network is busy' }),
];

const BEYOND_THRESHOLDS: readonly RuleSpec[] = [
  {
    name: 'engine-gone', title: 'Listeners without an engine', help: 'their stream has lost its engine, so they hear silence',
    severity: 'critical', table: 'connections', column: 'chunk_send_rate', absent: true,
    // A stream that never had an engine is one that listeners wait for, or that another server serves.
    while: ['stream.engine_lost_at > 0'], clearForS: 3,
  },
  {
    name: 'listener-stalled', title: 'Listeners hear silence', help: 'their players have run out of audio',
    table: 'connections', column: 'playback_state', is: 'stalled',
    // Where it is known how long a buffer lasts, `listener-running-out` has told before.
    unless: [...STREAM_STARVES, 'time_to_silence_ms >= 0'],
  },
  {
    name: 'listener-running-out', title: 'Listeners hear silence, or will in 2 s',
    table: 'connections', column: 'time_to_silence_ms', below: 2_000, clear: 2_000,
    unless: STREAM_STARVES, forS: 1,
  },
  {
    name: 'listener-interrupted', title: 'Listeners are interrupted again and again', help: 'their audio broke off',
    table: 'connections', column: 'buffer_underruns', above: 1, windowS: 60, forS: 0,
    unless: STREAM_STARVES,
  },
  {
    name: 'listener-frozen', title: 'Players stand still', help: 'they receive but do not play, or report what cannot be true',
    table: 'connections', column: 'health_reason', is: ['frozen', 'contradicts'],
  },
  {
    name: 'listener-not-starting', title: 'Players do not start', help: 'they have tried for 10 s or more while audio came',
    table: 'connections', column: 'health_reason', is: 'not_starting',
  },
  above('listener-errors', 'connections', 'error_rate_1min', { title: 'Listeners cannot use chunks' }),
  {
    name: 'stream-format', title: 'An engine declares a wrong format',
    help: 'its bytes last longer or shorter than it declares; see pcm_ratio', severity: 'error',
    table: 'streams', column: 'health_reason', is: 'wrong_format',
  },
  {
    name: 'hub-stands-still', title: 'The hub comes late to its work', help: 'it has too little CPU, or was stopped',
    severity: 'error', table: 'hubs', column: 'stood_still_ms', above: 1_000, clear: 0, forS: 0,
  },
  {
    name: 'hub-faults', title: 'Faults inside the hub', help: 'its log says which', severity: 'error',
    table: 'hubs', column: 'errors', above: 0, windowS: 60, forS: 0, clearForS: 0,
  },
  {
    name: 'notifier-failing', title: 'A notifier cannot be reached', help: '/api/v1/notifiers says which, and why',
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
