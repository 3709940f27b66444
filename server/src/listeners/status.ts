import { levelOf, SCHEMAS, VALUES } from '@auralis/shared';
import { CONNECTION, CONNECTION_STATE, PLAYBACK, STATUS, type Tables, TRUST } from '../state/tables.js';
import type { Divergence } from './buffer-model.js';
import { LEAST_CHUNKS, maxDepthMs } from './chunk-bounds.js';

/** Values of `connections.status_reason`. */
export const REASON = VALUES.connections.status_reason;

export interface Verdict {
  readonly status: number;
  readonly reason: number;
}

/** Facts about a listener that its row does not hold. */
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
  readonly timeToGapMs: number;
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

/** After this many missing reports a visible page is stale. */
const LATE_REPORTS = 3;
/**
 * But not before: a network that stalls for a moment, or retransmits, is no reason, however often it is asked to
 * report.
 */
const MIN_SILENT_MS = 6_000;
/** With less than this an audio gap is imminent. */
const RUNNING_OUT_MS = 2_000;
/** A start that takes longer than this, and than a few chunks, is at fault. */
const MAX_START_MS = 10_000;
/** A listener that cannot use every second chunk is critical. */
const MOST_FAIL = 0.5;

const OK: Verdict = { status: STATUS.ok, reason: REASON.ok };

/** Return the trust of a listener: the first of these that holds. */
export function trustOf(table: Tables['connections'], slot: number, signs: Signs): number {
  if (signs.saysImpossible) return TRUST.impossible;
  if (signs.hidden) return TRUST.hidden;
  if (isSilent(signs) || table.get(slot, CONNECTION.state) === CONNECTION_STATE.stale) return TRUST.stale;
  if (signs.divergence !== null) return TRUST.contradicting;
  return table.get(slot, CONNECTION.clock) === VALUES.connections.clock.unsynced ? TRUST.unsynced : TRUST.trusted;
}

/**
 * Return the status of a listener and its reason, the worst first. If it has never reported, or reports impossible
 * figures, only what the hub itself sees counts.
 */
export function statusOf(table: Tables['connections'], slot: number, signs: Signs): Verdict {
  const read = (name: keyof typeof CONNECTION) => table.get(slot, CONNECTION[name]);
  const isPast = (name: keyof typeof CONNECTION) =>
    levelOf(
      SCHEMAS.connections.columns[CONNECTION[name]] as (typeof SCHEMAS.connections.columns)[number],
      read(name),
    ) === 'alert';
  const hasReported = read('reports') > 0;
  if (hasReported && !signs.hidden && isSilent(signs)) return { status: STATUS.critical, reason: REASON.stale };
  if (signs.saysImpossible) {
    if (isPast('dropped_per_min')) return dropsOf(signs);
    return isPast('audio_rate') ? { status: STATUS.warning, reason: REASON.slow_rate } : OK;
  }
  if (signs.divergence !== null) return { status: STATUS.critical, reason: REASON[signs.divergence] };
  if (signs.newUnderruns > 0 || read('playback_state') === PLAYBACK.stalled)
    return { status: STATUS.critical, reason: REASON.rebuffering };
  if (signs.timeToGapMs < RUNNING_OUT_MS) return { status: STATUS.critical, reason: REASON.running_out };
  if (signs.startingMs > Math.max(MAX_START_MS, LEAST_CHUNKS * signs.chunkMs)) {
    return { status: STATUS.critical, reason: REASON.not_starting };
  }
  if (isPast('error_rate_1min')) {
    const status = signs.errorRate > MOST_FAIL ? STATUS.critical : STATUS.warning;
    return { status, reason: REASON.chunk_errors };
  }
  if (isPast('dropped_per_min')) return dropsOf(signs);
  if (read('playback_state') === PLAYBACK.playing && isPast('buffer_depth_ms')) {
    const depthMs = read('buffer_depth_ms');
    if (depthMs < 150) return { status: STATUS.warning, reason: REASON.low_buffer };
    const isHigh = !signs.playsSegments && depthMs > maxDepthMs(signs.chunkMs);
    if (isHigh) return { status: STATUS.warning, reason: REASON.high_buffer };
  }
  if (isPast('audio_rate')) return { status: STATUS.warning, reason: REASON.slow_rate };
  if (isPast(read('clock') === VALUES.connections.clock.synced ? 'latency_ms' : 'rtt_ms'))
    return { status: STATUS.warning, reason: REASON.latency };
  return OK;
}

function dropsOf({ hadBurst }: Signs): Verdict {
  return { status: STATUS.warning, reason: hadBurst ? REASON.engine_burst : REASON.dropped };
}

function isSilent({ reportAgeMs, reportIntervalMs }: Signs): boolean {
  return reportAgeMs > Math.max(MIN_SILENT_MS, LATE_REPORTS * reportIntervalMs);
}
