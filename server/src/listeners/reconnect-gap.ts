import { CONNECTION, PLAYBACK, type Tables, TRUST } from '../state/tables.js';
import { saysImpossible } from '../state/trust.js';
import { isGoodbye } from './goodbye.js';

/** Audio that a client missed between two connections. */
export interface ReconnectGap {
  /** Time from the last audio to the opening of the next connection, ms. 0 if it is unknown whether audio played. */
  readonly awayMs: number;
  /** The part of that which its buffer did not cover, ms: its audio gap. */
  readonly gapMs: number;
}

const UNKNOWN: ReconnectGap = { awayMs: 0, gapMs: 0 };

interface Span {
  readonly openedAt: number;
  /** Time when its audio ended. NaN while it is open. */
  lostAt: number;
}

/**
 * Estimates audio gaps between the connections of a client. Counters of a page begin with each connection, so no
 * report tells of such a gap. Times are the hub's, ms.
 */
export class ReconnectGaps {
  readonly #table: Tables['connections'];
  /** The span of each present row, by slot. */
  readonly #spans = new Map<number, Span>();

  constructor(table: Tables['connections']) {
    this.#table = table;
  }

  opened(slot: number, now: number): void {
    this.#spans.set(slot, { openedAt: now, lostAt: Number.NaN });
  }

  /**
   * A connection closed. Audio may have come for as long as a report was due after its last sign of life. The hub may
   * notice a loss long after that.
   */
  closed(slot: number, lastSignAt: number, now: number): void {
    const span = this.#spans.get(slot);
    if (span !== undefined)
      span.lostAt = Math.min(now, lastSignAt + this.#table.get(slot, CONNECTION.report_interval_ms));
  }

  forget(slot: number): void {
    this.#spans.delete(slot);
  }

  /**
   * Estimate the gap between a lost connection, in slot `from`, and the one that its client came back on, in slot
   * `to`.
   */
  between(from: number, to: number): ReconnectGap {
    const table = this.#table;
    const depthMs = table.get(from, CONNECTION.buffer_depth_ms);
    const state = table.get(from, CONNECTION.playback_state);
    const played = state === PLAYBACK.playing || state === PLAYBACK.stalled;
    const isDoubted = saysImpossible(table, from) || table.get(from, CONNECTION.trust) === TRUST.contradicting;
    const left = isGoodbye(table.get(from, CONNECTION.close_code));
    if (Number.isNaN(depthMs) || !played || isDoubted || left) return UNKNOWN;
    const awayMs = (this.#spans.get(to)?.openedAt ?? Number.NaN) - (this.#spans.get(from)?.lostAt ?? Number.NaN);
    return awayMs > 0 ? { awayMs, gapMs: Math.max(0, awayMs - depthMs) } : UNKNOWN;
  }
}
