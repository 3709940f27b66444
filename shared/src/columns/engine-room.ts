import type { ColumnSpec } from '../column.js';

/** Ids 200–249. Windows are as the name says; "mean of the last 10" is over syntheses. */
export const engineColumns = {
  synthesis_latency_ms: {
    id: 200, unit: 'ms', scale: 1, worse: 'more', target: { max: 500 }, alert: { max: 2000 },
    help: 'Time to synthesise a phrase, mean of the last 10',
  },
  real_time_factor: {
    id: 201, unit: '×', scale: 2, worse: 'less', target: { min: 20 }, alert: { min: 5 },
    help: 'Seconds of audio made in a second of synthesis, mean of the last 10',
  },
  synthesis_failure_rate: {
    id: 202, unit: 'ratio', scale: 4, worse: 'more', target: { max: 0 }, alert: { max: 0.05 },
    help: 'Failed ÷ attempted syntheses, over 5 min',
  },
  gpu_memory_mb: {
    id: 203, unit: 'MB', scale: 0, worse: 'more', target: { max: 2048 }, alert: { max: 6144 },
    help: 'GPU memory in use, as the engine says',
  },
  peak_amplitude_db: {
    id: 204, unit: 'dB', scale: 1, worse: 'more', target: { min: -6, max: 0 }, alert: { max: 0 },
    help: 'Peak amplitude, the larger of what the engine says and what is measured here; above 0 it clips',
  },
  ring_buffer_depth_ms: {
    id: 205, unit: 'ms', scale: 0, worse: 'both', target: { min: 150, max: 500 }, alert: { min: 50, max: 1000 },
    help: "Audio in the engine's ring buffer",
  },
  phrase_generation_ms: {
    id: 206, unit: 'ms', scale: 0, worse: 'more', target: { max: 2000 }, alert: { max: 5000 },
    help: 'Time to compose a phrase, the last one',
  },
  phrase_queue_depth: {
    id: 207, unit: 'count', scale: 0, worse: 'both', target: { min: 1, max: 3 }, alert: { min: 1 },
    help: 'Phrases composed and waiting; 0 is an underrun',
  },
  generation_failures_per_hour: {
    id: 208, unit: 'count/h', scale: 0, worse: 'more', target: { max: 0 }, alert: { max: 5 },
    help: 'Phrases that could not be composed, over an hour',
  },
  notes_per_phrase: {
    id: 209, unit: 'count', scale: 1, worse: 'both', target: { min: 8, max: 16 },
    help: 'Notes in a phrase, mean of the last 10',
  },
  process_cpu_percent: {
    id: 210, unit: '%', scale: 1, worse: 'more', target: { max: 60 },
    help: "CPU of the engine's process",
  },
  process_memory_mb: {
    id: 211, unit: 'MB', scale: 0, worse: 'more', target: { max: 1024 }, alert: { max: 4096 },
    help: "Memory of the engine's process",
  },
  phrases_generated: { id: 212, unit: 'count', scale: 0, worse: null, counter: true, help: 'Successful syntheses' },
  synthesis_errors: {
    id: 213, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Failed syntheses',
  },
  phrase_queue_underruns: {
    id: 214, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Times the phrase queue ran empty',
  },
  synthesis_latency_last_ms: {
    id: 215, unit: 'ms', scale: 1, worse: 'more', target: { max: 500 },
    help: 'Time to synthesise a phrase, the last one',
  },
  synthesis_latency_p50_ms: {
    id: 216, unit: 'ms', scale: 1, worse: 'more', target: { max: 500 },
    help: 'Median time to synthesise a phrase, over 5 min, within 1 %',
  },
  synthesis_latency_p95_ms: {
    id: 217, unit: 'ms', scale: 1, worse: 'more', target: { max: 500 },
    help: '95th percentile of time to synthesise a phrase, over 5 min, within 1 %',
  },
  synthesis_latency_p99_ms: {
    id: 218, unit: 'ms', scale: 1, worse: 'more', target: { max: 500 },
    help: '99th percentile of time to synthesise a phrase, over 5 min, within 1 %',
  },
  real_time_factor_last: {
    id: 219, unit: '×', scale: 2, worse: 'less', target: { min: 20 },
    help: 'Seconds of audio made in a second of synthesis, the last one',
  },
  synthesis_attempts_5min: { id: 220, unit: 'count', scale: 0, worse: null, help: 'Syntheses ended in the last 5 min' },
  syntheses_pending: { id: 221, unit: 'count', scale: 0, worse: null, help: 'Syntheses begun and not ended' },
  syntheses_unpaired: {
    id: 222, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Begun and never ended, ended without a beginning, or ended twice',
  },
  events: { id: 223, unit: 'count', scale: 0, worse: null, counter: true, help: 'Events taken from the engine' },
  events_refused: {
    id: 224, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Events refused: a wrong type, out of range, not known',
  },
  last_event_at: { id: 225, unit: 'epoch_s', scale: 0, worse: null, help: 'When the last event came' },
  chunks_sent: {
    id: 226, unit: 'count', scale: 0, worse: null, counter: true,
    help: 'Chunks the engine says it sent by itself',
  },
  chunks_dropped: {
    id: 227, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Chunks the engine says it dropped by itself',
  },
  dropped_per_min: {
    id: 228, unit: 'count/min', label: 'dropped chunks', scale: 0, worse: 'more', target: { max: 0 }, alert: { max: 10 },
    help: 'Chunks the engine says it dropped in the last 60 s',
  },
  chunk_send_rate: {
    id: 229, unit: '1/s', scale: 1, worse: null,
    help: 'Chunks a second the engine says it sends, over all its clients',
  },
  active_clients: { id: 230, unit: 'count', scale: 0, worse: null, help: 'Clients the engine says it has by itself' },
  peak_measured_db: {
    id: 231, unit: 'dB', scale: 1, worse: 'more', target: { min: -6, max: 0 },
    help: 'Peak of the audio that passed here, over 10 s; above 0 it clips',
  },
  chunks_clipped: {
    id: 232, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Chunks with three full-scale samples or more in a row',
  },
  chunks_marked: {
    id: 233, unit: 'enum', scale: 0, worse: null, labels: ['plausible', 'impossible'],
    help: 'Impossible: chunks_sent or chunks_dropped last rose by more than time allows. That rise is not counted',
  },
} as const satisfies Record<string, ColumnSpec>;

/** Ids 250–279. */
export const hostColumns = {
  cpu_percent: {
    id: 250, unit: '%', scale: 1, worse: 'more', target: { max: 60 }, alert: { max: 90 },
    help: 'CPU of the host, over 30 s',
  },
  memory_used_mb: { id: 251, unit: 'MB', scale: 0, worse: 'more', help: 'Memory in use on the host' },
  process_memory_mb: {
    id: 252, unit: 'MB', scale: 1, worse: 'more', target: { max: 1024 }, alert: { max: 4096 },
    help: "Resident memory of the hub's process",
  },
  disk_mb_s: {
    id: 253, unit: 'MB/s', scale: 2, worse: 'more', target: { max: 10 }, alert: { max: 100 },
    help: 'Disk read and written, over 5 s',
  },
  network_mbps: {
    id: 254, unit: 'Mbps', scale: 2, worse: 'more', alert: { max: 50 },
    help: 'Network sent and received in all, without loopback, over 5 s',
  },
  network_mbps_per_client: {
    id: 255, unit: 'Mbps', scale: 3, worse: 'more', target: { max: 5 },
    help: 'network_mbps ÷ listeners of this hub',
  },
  memory_total_mb: { id: 256, unit: 'MB', scale: 0, worse: null, help: 'Memory of the host in all' },
  process_cpu_percent: {
    id: 257, unit: '%', scale: 1, worse: 'more', target: { max: 60 },
    help: "CPU of the hub's process, over 5 s; 100 % is one core",
  },
  cgroup_limits: {
    id: 258, unit: 'enum', scale: 0, worse: null, labels: ['none', 'cpu', 'memory', 'both'],
    help: 'Which of CPU and memory are of the quota and limit of the container, and not of the whole machine',
  },
} as const satisfies Record<string, ColumnSpec>;

/** Ids 280–309. */
export const gpuColumns = {
  memory_used_mb: {
    id: 280, unit: 'MB', scale: 0, worse: 'more', target: { max: 2048 }, alert: { max: 6144 },
    help: 'GPU memory in use',
  },
  memory_total_mb: { id: 281, unit: 'MB', scale: 0, worse: null, help: 'GPU memory in all' },
  utilization_percent: { id: 282, unit: '%', scale: 0, worse: null, help: 'Share of time in which the GPU was busy' },
  temperature_c: { id: 283, unit: '°C', scale: 0, worse: 'more', help: 'GPU temperature' },
  power_w: { id: 284, unit: 'W', scale: 1, worse: 'more', help: 'Power drawn' },
  clock_mhz: { id: 285, unit: 'MHz', scale: 0, worse: null, help: 'Graphics clock' },
  memory_clock_mhz: { id: 286, unit: 'MHz', scale: 0, worse: null, help: 'Memory clock' },
  encoder_sessions: { id: 287, unit: 'count', scale: 0, worse: null, help: 'Video encoder sessions' },
  decoder_percent: { id: 288, unit: '%', scale: 0, worse: null, help: 'Share of time in which the decoder was busy' },
  mig_devices: {
    id: 289, unit: 'count', scale: 0, worse: null,
    help: 'Parts that the GPU is split into (MIG); missing where it cannot be split',
  },
  state: {
    id: 290, unit: 'enum', scale: 0, worse: 'more', labels: ['ok', 'lost'],
    help: 'Lost: the driver cannot reach the GPU any more; missing while nvidia-smi says nothing',
  },
} as const satisfies Record<string, ColumnSpec>;

/** Ids 310–329. */
export const alertColumns = {
  state: {
    id: 310, unit: 'enum', scale: 0, worse: null, labels: ['pending', 'firing', 'resolved'],
    help: 'State of the alert',
  },
  count: { id: 311, unit: 'count', scale: 0, worse: 'more', help: 'Rows that this alert stands for' },
  value: { id: 312, unit: 'count', scale: 3, worse: null, help: 'The worst reading, in the unit of its column' },
  since: { id: 313, unit: 'epoch_s', scale: 0, worse: null, help: 'When the condition began to hold' },
  fired_at: { id: 314, unit: 'epoch_s', scale: 0, worse: null, help: 'When the alert fired; missing before' },
  resolved_at: { id: 315, unit: 'epoch_s', scale: 0, worse: null, help: 'When it was resolved (the row stays for 5 min)' },
  silenced: {
    id: 316, unit: 'enum', scale: 0, worse: null, labels: ['no', 'yes'],
    help: 'Silenced: notifiers are not told of it',
  },
} as const satisfies Record<string, ColumnSpec>;
