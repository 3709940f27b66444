import type { ColumnSpec } from '../column.js';

/** Ids 1–99: connections are the table with the most frames, and ids under 128 are one byte on the wire. */
export const connectionColumns = {
  // Counted by the hub as it sends.
  chunks_sent: { id: 1, unit: 'count', scale: 0, worse: null, counter: true, help: 'Chunks handed to the socket' },
  chunks_dropped: {
    id: 2, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Chunks not sent because the listener was too far behind or its socket was full',
  },
  bytes_sent: {
    id: 3, unit: 'bytes', scale: 0, worse: null, counter: true,
    help: 'Bytes of chunk messages handed to the socket',
  },
  chunk_send_rate: {
    id: 4, unit: '1/s', scale: 1, worse: 'less', target: { min: 10 }, alert: { min: 8 },
    help: 'Chunks sent a second, over the last 5 s, or 5 chunks if that is longer; audio_rate alerts, whatever their length',
  },
  dropped_per_min: {
    id: 5, unit: 'count/min', label: 'dropped chunks', scale: 0, worse: 'more', target: { max: 0 }, alert: { max: 10 },
    help: 'Chunks dropped in the last 60 s',
  },
  backlog_bytes: { id: 6, unit: 'bytes', scale: 0, worse: 'more', help: 'Bytes that wait in the socket of the hub' },
  chunks_in_flight: {
    id: 7, unit: 'count', scale: 0, worse: 'more',
    help: 'Chunks sent and not yet confirmed by the listener',
  },
  outstanding_ms: { id: 8, unit: 'ms', scale: 0, worse: 'more', help: 'Audio sent and not yet confirmed' },
  rtt_ms: {
    id: 9, unit: 'ms', scale: 1, worse: 'more', target: { max: 100 }, alert: { max: 500 },
    help: "Round trip of the hub's own ping",
  },
  connected_at: { id: 10, unit: 'epoch_s', scale: 0, worse: null, help: 'When the connection opened' },
  closed_at: { id: 11, unit: 'epoch_s', scale: 0, worse: null, help: 'When the connection closed' },
  close_code: {
    id: 12, unit: 'count', scale: 0, worse: null,
    help: 'WebSocket close code; 1006 without a close frame',
  },
  state: {
    id: 13, unit: 'enum', scale: 0, worse: null, labels: ['open', 'stale', 'closed'],
    help: 'Open, open without a report for 30 s, or closed (the row stays for 60 s)',
  },
  reports: {
    id: 14, unit: 'count', scale: 0, worse: null, counter: true,
    help: 'client_metrics reports taken from this listener',
  },
  messages_refused: {
    id: 15, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Messages of this listener that were refused',
  },
  last_report_at: { id: 16, unit: 'epoch_s', scale: 0, worse: null, help: 'When the last report came' },

  // Reported by the listener.
  chunks_received: {
    id: 20, unit: 'count', scale: 0, worse: null, counter: true,
    help: 'Chunks received, as the listener says',
  },
  chunk_errors: {
    id: 21, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Chunks the listener could not use, as it says',
  },
  buffer_underruns: {
    id: 22, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Times the listener ran out of audio',
  },
  latency_ms: {
    id: 23, unit: 'ms', scale: 1, worse: 'more', target: { max: 100 }, alert: { max: 500 },
    help: 'Mean age of a chunk on arrival, as the listener says (avgLatencyMs)',
  },
  error_rate: {
    id: 24, unit: 'ratio', scale: 4, worse: 'more', target: { max: 0 },
    help: 'Chunk errors ÷ chunks received',
  },
  last_seq: { id: 25, unit: 'count', scale: 0, worse: null, help: 'Last chunk the listener confirmed' },
  buffer_depth_ms: {
    id: 26, unit: 'ms', scale: 0, worse: 'both', target: { min: 150, max: 500 }, alert: { min: 50, max: 1000 },
    help: 'Audio buffered and not yet played, as the listener says',
  },
  jitter_ms: { id: 27, unit: 'ms', scale: 1, worse: 'more', help: 'Variation of chunk arrival, as the listener says' },
  client_rtt_ms: { id: 28, unit: 'ms', scale: 1, worse: 'more', help: 'Round trip, as the listener measured it' },
  clock_offset_ms: {
    id: 29, unit: 'ms', scale: 1, worse: null,
    help: "Hub's clock minus the listener's, as it estimated",
  },
  clock_error_ms: { id: 30, unit: 'ms', scale: 1, worse: 'more', help: 'Bound of the error of clock_offset_ms' },
  underrun_duration_ms: {
    id: 31, unit: 'ms', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Silence heard because of underruns, in all',
  },
  output_latency_ms: { id: 32, unit: 'ms', scale: 1, worse: 'more', help: "Latency of the listener's audio output" },
  startup_ms: { id: 33, unit: 'ms', scale: 0, worse: 'more', help: 'From asking to play to the first sound' },
  playback_state: {
    id: 34, unit: 'enum', scale: 0, worse: null, labels: ['idle', 'starting', 'playing', 'paused', 'stalled', 'ended'],
    help: 'What the player does, as the listener says',
  },
  hidden: { id: 35, unit: 'enum', scale: 0, worse: null, labels: ['visible', 'hidden'], help: 'Is the page hidden?' },
  sent_at_ms: { id: 36, unit: 'ms', scale: 0, worse: null, help: "Listener's clock when it sent its last report" },

  // Reported by players without our SDK, too (CMCD).
  bitrate_kbps: { id: 50, unit: 'kbps', scale: 0, worse: null, help: 'Encoded bitrate that is played (CMCD br)' },
  measured_throughput_kbps: {
    id: 51, unit: 'kbps', scale: 0, worse: 'less',
    help: 'Throughput to the player, as it measured (CMCD mtp)',
  },
  requested_throughput_kbps: {
    id: 52, unit: 'kbps', scale: 0, worse: null,
    help: 'Throughput that the player would be content with (CMCD rtp)',
  },
  player_errors: {
    id: 53, unit: 'count', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Error codes that the player reported (CMCD ec)',
  },

  // Computed by the hub from both.
  clock: {
    id: 40, unit: 'enum', scale: 0, worse: null, labels: ['unsynced', 'synced'],
    help: 'Synced: the listener knows the offset of its clock, so latency_ms can be believed',
  },
  error_rate_marked: {
    id: 41, unit: 'enum', scale: 0, worse: null, labels: ['plausible', 'impossible'],
    help: 'error_rate is above 1',
  },
  buffer_model_ms: {
    id: 42, unit: 'ms', scale: 0, worse: 'both',
    help: 'Audio it must have buffered, by what it received and the time that passed',
  },
  time_to_gap_ms: {
    id: 43, unit: 'ms', scale: 0, worse: 'less',
    help: 'How long until it hears silence if things go on as they do; missing while its buffer does not drain',
  },
  trust: {
    id: 44, unit: 'enum', scale: 0, worse: null, labels: ['trusted', 'stale', 'hidden', 'unsynced', 'contradicting', 'impossible'],
    help: 'How far what it says of itself can be believed',
  },
  status: { id: 45, unit: 'enum', scale: 0, worse: 'more', labels: ['ok', 'warning', 'critical'], help: 'How it fares' },
  status_reason: {
    id: 46, unit: 'enum', scale: 0, worse: null,
    labels: [
      'ok', 'rebuffering', 'frozen', 'contradicting', 'stale', 'running_out', 'dropped', 'low_buffer', 'high_buffer',
      'slow_rate', 'latency', 'not_starting', 'chunk_errors', 'engine_burst',
    ],
    help: 'Why it is not well: the worst of what is wrong',
  },
  latency_marked: {
    id: 60, unit: 'enum', scale: 0, worse: null, labels: ['plausible', 'impossible'],
    help: 'Impossible: latency_ms is below −clock_error_ms, or above the age of the chunks + clock_error_ms',
  },
  reconnects: {
    id: 61, unit: 'count', scale: 0, worse: 'more', target: { max: 0 },
    help: 'Times this client has come back, each within 60 s of losing the connection before',
  },
  client_since: {
    id: 62, unit: 'epoch_s', scale: 0, worse: null,
    help: 'When the first of the connections opened that this one goes on from',
  },
  replaced: {
    id: 63, unit: 'enum', scale: 0, worse: null, labels: ['no', 'yes'],
    help: 'Has its client come back on another connection?',
  },
  report_interval_ms: {
    id: 64, unit: 'ms', scale: 0, worse: null,
    help: 'How often it is asked to report',
  },
  audio_rate: {
    id: 80, unit: '×', scale: 2, worse: 'less', target: { min: 1 }, alert: { min: 0.8 },
    help: 'Seconds of audio sent in a second, over the last 5 s, or 5 chunks if that is longer',
  },
  buffer_chunks: {
    id: 81, unit: 'count', scale: 1, worse: null,
    help: "buffer_depth_ms ÷ its stream's longest recent chunk",
  },
  error_rate_1min: {
    id: 82, unit: 'ratio', scale: 4, worse: 'more', target: { max: 0 }, alert: { max: 0.05 },
    help: 'Chunks that it could not use ÷ chunks received, over 60 s; missing before the first error',
  },
  not_ok_since: {
    id: 70, unit: 'epoch_s', scale: 0, worse: null,
    help: 'Since when it is not well; missing once it has been well for 10 s',
  },
  reconnect_gap_ms: {
    id: 74, unit: 'ms', scale: 0, worse: 'more', counter: true, target: { max: 0 },
    help: 'Audio gaps that this client heard between its connections, in all, as the hub estimates',
  },
  impossible_figure: {
    id: 73, unit: 'enum', scale: 0, worse: null,
    labels: [
      'none', 'buffer_depth_ms', 'underrun_duration_ms', 'buffer_underruns', 'chunks_received', 'chunk_errors',
      'player_errors', 'last_seq', 'jitter_ms', 'client_rtt_ms', 'clock_error_ms', 'output_latency_ms', 'startup_ms',
      'rtt_ms', 'chunks_sent', 'chunks_dropped', 'bytes_sent',
    ],
    help: 'An impossible figure of its last reports, by what was sent and the time that passed; shown for 10 s. None of its figures counts then',
  },
} as const satisfies Record<string, ColumnSpec>;
