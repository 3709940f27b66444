import type { ColumnSpec } from '../column.js';

/** Ids 100–149. */
export const streamColumns = {
  active_connections: { id: 100, unit: 'count', scale: 0, worse: null, help: 'Listeners connected now' },
  publishing: { id: 101, unit: 'enum', scale: 0, worse: null, labels: ['no', 'yes'], help: 'Is an engine connected?' },
  chunks_published: {
    id: 102, unit: 'count', scale: 0, worse: null, counter: true,
    help: 'Chunks taken from the engine',
  },
  bytes_published: {
    id: 103, unit: 'bytes', scale: 0, worse: null, counter: true,
    help: 'Bytes of audio taken from the engine',
  },
  chunk_send_rate: {
    id: 104, unit: '1/s', scale: 1, worse: 'less', target: { min: 10 }, alert: { min: 8 },
    help: 'Chunks published a second, over the last 5 s, or 5 chunks if that is longer; audio_rate alerts, whatever their length',
  },
  chunks_sent: {
    id: 105, unit: 'count', scale: 0, worse: null, counter: true,
    help: 'Chunks sent to listeners, in all',
  },
  chunks_dropped: {
    id: 106, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Chunks dropped for listeners, in all',
  },
  dropped_per_min: {
    id: 107, unit: 'count/min', label: 'dropped chunks', scale: 0, worse: 'more', target: { max: 0 }, alert: { max: 10 },
    help: 'Chunks dropped in the last 60 s, over all listeners',
  },
  latency_p50_ms: {
    id: 108, unit: 'ms', scale: 1, worse: 'more', target: { max: 100 },
    help: 'Median latency of its synced listeners',
  },
  latency_p95_ms: {
    id: 109, unit: 'ms', scale: 1, worse: 'more', target: { max: 100 },
    help: '95th percentile of latency of its synced listeners',
  },
  rtt_p50_ms: { id: 110, unit: 'ms', scale: 1, worse: 'more', target: { max: 100 }, help: 'Median round trip' },
  rtt_p95_ms: {
    id: 111, unit: 'ms', scale: 1, worse: 'more', target: { max: 100 },
    help: '95th percentile of round trip',
  },
  buffer_depth_p5_ms: {
    id: 112, unit: 'ms', scale: 0, worse: 'less', target: { min: 150 },
    help: '5th percentile of buffer depth',
  },
  buffer_depth_p50_ms: {
    id: 113, unit: 'ms', scale: 0, worse: 'both', target: { min: 150, max: 500 },
    help: 'Median buffer depth',
  },
  listeners_warning: {
    id: 114, unit: 'count', scale: 0, worse: 'more', target: { max: 0 }, help: 'Listeners whose health is a warning',
  },
  listeners_critical: {
    id: 115, unit: 'count', scale: 0, worse: 'more', target: { max: 0 }, help: 'Listeners whose health is critical',
  },
  listeners_ok: { id: 116, unit: 'count', scale: 0, worse: null, help: 'Listeners whose health is ok' },
  latency_p99_ms: {
    id: 117, unit: 'ms', scale: 1, worse: 'more', target: { max: 100 },
    help: '99th percentile of latency of its synced listeners',
  },
  rtt_p99_ms: {
    id: 118, unit: 'ms', scale: 1, worse: 'more', target: { max: 100 },
    help: '99th percentile of round trip',
  },
  rebuffering_ratio: {
    id: 119, unit: 'ratio', scale: 4, worse: 'more', target: { max: 0 },
    help: 'Silence heard ÷ time playing, over 60 s and all its listeners',
  },
  audio_gap_ms: {
    id: 120, unit: 'ms', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Audio gaps heard, between connections too, added up over all its listeners: 1,000 is one silent listener-second',
  },
  engine_offline_since: {
    id: 121, unit: 'epoch_s', scale: 0, worse: null,
    help: 'When its engine left; missing while one is connected, and before the first',
  },
  external_connections: {
    id: 140, unit: 'count', scale: 0, worse: null,
    help: 'Of the active connections, those that others serve and report',
  },
  audio_rate: {
    id: 141, unit: '×', scale: 2, worse: 'less', target: { min: 1 }, alert: { min: 0.8 },
    help: 'Seconds of audio published in a second, over the last 5 s, or 5 chunks if that is longer',
  },
  chunk_duration_ms: { id: 142, unit: 'ms', scale: 1, worse: null, help: 'Duration of its longest recent chunk' },
  burst_ms: {
    id: 143, unit: 'ms', scale: 0, worse: 'more', target: { max: 0 },
    help: 'Most audio that its engine was ahead of real time in the last 60 s; 0 unless it was more than listeners may be behind',
  },
  pcm_ratio: {
    id: 144, unit: '×', scale: 2, worse: 'both',
    help: 'How long its PCM lasts by the declared format ÷ by the declared durations: 1 is right',
  },
  status: { id: 145, unit: 'enum', scale: 0, worse: 'more', labels: ['ok', 'warning', 'critical'], help: 'How its engine serves it' },
  status_reason: {
    id: 146, unit: 'enum', scale: 0, worse: null,
    labels: ['ok', 'engine_offline', 'wrong_format', 'burst', 'slow_rate', 'late'],
    help: 'Why it is not well: the worst of what is wrong',
  },
} as const satisfies Record<string, ColumnSpec>;

/** Ids 150–199. */
export const hubColumns = {
  active_connections: { id: 150, unit: 'count', scale: 0, worse: null, help: 'Listeners connected now' },
  refused_at_capacity: {
    id: 151, unit: 'count', label: 'listeners refused', scale: 0, worse: 'more', counter: true, target: { max: 0 }, alert: { max: 0 },
    help: 'Listeners refused because --max-clients was reached',
  },
  dashboards: { id: 152, unit: 'count', scale: 0, worse: null, help: 'Dashboards connected now' },
  started_at: { id: 153, unit: 'epoch_s', scale: 0, worse: null, help: 'When this hub started' },
  process_memory_mb: {
    id: 154, unit: 'MB', scale: 1, worse: 'more', target: { max: 1024 },
    help: 'Resident memory of the hub',
  },
  chunks_sent: {
    id: 155, unit: 'count', scale: 0, worse: null, counter: true,
    help: 'Chunks sent to listeners, in all',
  },
  chunks_dropped: {
    id: 156, unit: 'count', scale: 0, worse: 'more', counter: true,
    help: 'Chunks dropped for listeners, in all',
  },
  bytes_sent: {
    id: 157, unit: 'bytes', scale: 0, worse: null, counter: true,
    help: 'Bytes of chunk messages sent to listeners',
  },
  reports: { id: 158, unit: 'count', scale: 0, worse: null, counter: true, help: 'client_metrics reports taken' },
  messages_refused: {
    id: 159, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'WebSocket messages refused: not readable, a wrong type, out of range, not expected',
  },
  messages_oversize: {
    id: 160, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Connections closed because a message was over its size limit',
  },
  fields_ignored: { id: 161, unit: 'count', scale: 0, worse: 'more', counter: true, help: 'Fields of reports without effect: unknown, with an unknown label, or of a wrong type in CMCD' },
  upgrades_refused: {
    id: 162, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'WebSocket upgrades refused: path, stream name, origin, host, token, or a second engine',
  },
  requests_refused: {
    id: 163, unit: 'count', scale: 0, worse: 'more', counter: true,
    help: 'HTTP requests answered with 4xx',
  },
  frames_sent: { id: 164, unit: 'count', scale: 0, worse: null, counter: true, help: 'Live frames sent to dashboards' },
  frames_skipped: {
    id: 165, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Live frames conflated because a dashboard reads slowly',
  },
  stalled_closed: {
    id: 166, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Connections closed after 120 s without a sign of life',
  },
  errors: {
    id: 167, unit: 'count', label: 'faults', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Internal errors, logged',
  },
  event_loop_delay_p50_ms: {
    id: 168, unit: 'ms', scale: 1, worse: 'more',
    help: 'How late the hub came to its work in the last second, median',
  },
  event_loop_delay_p99_ms: {
    id: 169, unit: 'ms', scale: 1, worse: 'more', target: { max: 50 },
    help: 'How late the hub came to its work in the last second, 99th percentile',
  },
  gc_pause_ms: {
    id: 170, unit: 'ms', scale: 1, worse: 'more',
    help: 'Time in which garbage collection blocked the event loop, in the last 60 s',
  },
  figures_impossible: {
    id: 173, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Reports with an impossible figure, by what was sent and the time that passed',
  },
  latency_impossible: {
    id: 171, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Reports whose latency cannot be, by the clock error that they state and the age of the chunks',
  },
  event_loop_blocked_ms: {
    id: 172, unit: 'ms', label: 'event loop blocked', scale: 0, worse: 'more', target: { max: 0 },
    help: 'Time in which the event loop was blocked in the last 15 s, counting delays from 200 ms on',
  },
  clock_steps: {
    id: 174, unit: 'count', label: 'steps of the wall clock', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Steps of the wall clock by more than 0.5 s: it was set, or the machine slept',
  },
  refused_over_share: {
    id: 181, unit: 'count', label: 'refused over their share', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Places refused because one address or token held its share (--max-share-percent)',
  },
  streams_refused: {
    id: 182, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Streams refused because the hub had as many as it keeps',
  },
  dashboards_refused: {
    id: 183, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Dashboards and subscriptions refused because all places or channels were taken',
  },
  raised_alerts_refused: {
    id: 184, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Alerts raised by hand and refused because all their places were taken',
  },
  closed_rows_dropped: {
    id: 186, unit: 'count', scale: 0, worse: 'more', counter: true,
    help: 'Rows of closed connections that went before their minute was over, because there were too many',
  },
  dashboards_shed: {
    id: 187, unit: 'count', label: 'dashboards shed', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Dashboards closed with 4001, because they read too slowly while the memory for all of them was used up',
  },
  dashboards_waiting_mb: {
    id: 188, unit: 'MB', scale: 1, worse: 'more', target: { max: 32 },
    help: 'Bytes that wait for dashboards to read them; at most 64 MB',
  },
  capacity_percent: {
    id: 180, unit: '%', label: 'places taken', scale: 1, worse: 'more', alert: { max: 95 },
    help: 'Places taken: active_connections ÷ --max-clients',
  },
  listeners_removed: {
    id: 185, unit: 'count', scale: 0, worse: null, counter: true,
    help: 'Listeners closed by DELETE /api/v1/connections/{id}',
  },
  notifications_sent: {
    id: 190, unit: 'count', scale: 0, worse: null, counter: true, help: 'Changes of alerts told to notifiers',
  },
  notifications_failed: {
    id: 191, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Attempts to tell a notifier that did not succeed; they are tried again',
  },
  notifications_dropped: {
    id: 192, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Changes of alerts never told: the outbox was full, or the receiver refused them for good',
  },
  notifications_pending: {
    id: 193, unit: 'count', scale: 0, worse: 'more', help: 'Changes of alerts that wait to be told, over all notifiers',
  },
  notifiers_failing: {
    id: 194, unit: 'count', scale: 0, worse: 'more', target: { max: 0 },
    help: 'Notifiers whose last attempt failed',
  },
  history_failing: {
    id: 195, unit: 'enum', scale: 0, worse: 'more', labels: ['no', 'yes'], target: { max: 0 },
    help: 'Is history not kept, because its disk takes nothing or it cannot be opened? All else goes on',
  },
  databases_damaged: {
    id: 196, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Files in the data directory that were found damaged or missing; the log says what was lost',
  },
  alerts_refused: {
    id: 197, unit: 'count', scale: 0, worse: 'more', target: { max: 0 },
    help: 'Alerts that nobody is told of now, because 5,000 are kept at once and none of those is over',
  },
  store_failing: {
    id: 198, unit: 'enum', scale: 0, worse: 'more', labels: ['no', 'yes'], target: { max: 0 },
    help: 'Whether the disk refuses to store alerts and silences. They are kept in memory until it takes them',
  },
} as const satisfies Record<string, ColumnSpec>;
