import { levelOf, SCHEMAS } from '@auralis/shared';
import { CONNECTION, CONNECTION_STATE, type Tables } from '../state/tables.js';
import { TRUST } from '../state/trust.js';
import type { Divergence } from './buffer-model.js';
import { LEAST_CHUNKS, maxDepthMs } from './chunk-bounds.js';

/** Values of `connections.health`. */
export const HEALTH = { ok: 0, warning: 1, critical: 2 } as const;

/** Values of `connections.health_reason`, in the order of the catalogue's labels. */
export const REASON = {
  fine: 0,
  starving: 1,
  frozen: 2,
  contradicts: 3,
  silent: 4,
  running_out: 5,
  dropped: 6,
  low_buffer: 7,
  high_buffer: 8,
  slow_rate: 9,
  latency: 10,
  not_starting: 11,
  chunk_errors: 12,
  engine_burst: 13,
} as const;

/** Values of `connections.playback_state`. */
export const STARTING = 1;
export const PLAYING = 2;
export const STALLED = 4;

export interface Verdict {
  readonly health: number;
  readonly reason: number;
}

/** What is known of a listener beside its row. */
export interface Signs {
  /** Since its last report, ms. */
  readonly reportAgeMs: number;
  readonly reportIntervalMs: number;
  readonly hidden: boolean;
  /** It reports an impossible figure. */
  readonly saysImpossible: boolean;
  /** Underruns since the judgement before. */
  readonly newUnderruns: number;
  readonly divergence: Divergence | null;
  readonly timeToSilenceMs: number;
  /** How long it has reported *starting* while chunks came, ms; NaN if it does not. */
  readonly startingMs: number;
  /** Share of the last minute's chunks that it could not use; NaN if it has reported no error. */
  readonly errorRate: number;
  /** In the last minute its engine sent more at once than listeners may be sent. */
  readonly hadBurst: boolean;
  /** The longest recent chunk, ms; 0 if unknown. */
  readonly chunkMs: number;
  /** It plays from segments and fills its buffer with half a minute of audio: a high buffer is normal. */
  readonly playsSegments: boolean;
}

/** After this many intervals without a report a page that can be seen counts as silent. */
const LATE_REPORTS = 3;
/** But not before: a network that stands still for a moment, or sends again, is no silence, however often it is asked to report. */
const MIN_SILENT_MS = 6_000;
/** Less than this and somebody is about to hear silence. */
const RUNNING_OUT_MS = 2_000;
/** A start takes longer than this, and than a few chunks, only if something is wrong. */
const MAX_START_MS = 10_000;
/** A listener that cannot use every second chunk hears nothing that is worth hearing. */
const MOST_FAIL = 0.5;

const FINE: Verdict = { health: HEALTH.ok, reason: REASON.fine };

/** How far a listener can be believed: the first of these that holds. */
export function trustOf(table: Tables['connections'], slot: number, signs: Signs): number {
  if (signs.saysImpossible) return TRUST.impossible;
  if (signs.hidden) return TRUST.hidden;
  if (isSilent(signs) || table.get(slot, CONNECTION.state) === CONNECTION_STATE.stale) return TRUST.stale;
  if (signs.divergence !== null) return TRUST.diverged;
  return table.get(slot, CONNECTION.clock) === 0 ? TRUST.unsynced : TRUST.live;
}

/**
 * Return what is wrong with a listener, the worst first. If it has never reported, or reports impossible figures, only
 * what the hub itself sees counts.
 */
export function healthOf(table: Tables['connections'], slot: number, signs: Signs): Verdict {
  const read = (name: keyof typeof CONNECTION) => table.get(slot, CONNECTION[name]);
  const isPast = (name: keyof typeof CONNECTION) =>
    levelOf(
      SCHEMAS.connections.columns[CONNECTION[name]] as (typeof SCHEMAS.connections.columns)[number],
      read(name),
    ) === 'alert';
  const hasReported = read('reports') > 0;
  if (hasReported && !signs.hidden && isSilent(signs)) return { health: HEALTH.critical, reason: REASON.silent };
  if (signs.saysImpossible) {
    if (isPast('dropped_per_min')) return dropsOf(signs);
    return isPast('audio_rate') ? { health: HEALTH.warning, reason: REASON.slow_rate } : FINE;
  }
  if (signs.divergence !== null) return { health: HEALTH.critical, reason: REASON[signs.divergence] };
  if (signs.newUnderruns > 0 || read('playback_state') === STALLED)
    return { health: HEALTH.critical, reason: REASON.starving };
  if (signs.timeToSilenceMs < RUNNING_OUT_MS) return { health: HEALTH.critical, reason: REASON.running_out };
  if (signs.startingMs > Math.max(MAX_START_MS, LEAST_CHUNKS * signs.chunkMs)) {
    return { health: HEALTH.critical, reason: REASON.not_starting };
  }
  if (isPast('error_rate_1min')) {
    const health = signs.errorRate > MOST_FAIL ? HEALTH.critical : HEALTH.warning;
    return { health, reason: REASON.chunk_errors };
  }
  if (isPast('dropped_per_min')) return dropsOf(signs);
  if (read('playback_state') === PLAYING && isPast('buffer_depth_ms')) {
    const depthMs = read('buffer_depth_ms');
    if (depthMs < 150) return { health: HEALTH.warning, reason: REASON.low_buffer };
    const isHigh = !signs.playsSegments && depthMs > maxDepthMs(signs.chunkMs);
    if (isHigh) return { health: HEALTH.warning, reason: REASON.high_buffer };
  }
  if (isPast('audio_rate')) return { health: HEALTH.warning, reason: REASON.slow_rate };
  if (isPast(read('clock') === 1 ? 'latency_ms' : 'rtt_ms')) return { health: HEALTH.warning, reason: REASON.latency };
  return FINE;
}

function dropsOf({ hadBurst }: Signs): Verdict {
  return { health: HEALTH.warning, reason: hadBurst ? REASON.engine_burst : REASON.dropped };
}

function isSilent({ reportAgeMs, reportIntervalMs }: Signs): boolean {
  return reportAgeMs > Math.max(MIN_SILENT_MS, LATE_REPORTS * reportIntervalMs);
}
