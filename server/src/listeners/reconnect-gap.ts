import { CONNECTION, PLAYBACK, type Tables, TRUST } from '../state/tables.js';
import { saysImpossible } from '../state/trust.js';
import { isGoodbye } from './goodbye.js';
import { ENTRY, type Ledger } from './ledger.js';

/** Audio that a client missed between two connections. */
export interface ReconnectGap {
  /** From the last audio of the one to the opening of the other, ms; 0 if nobody knows that it played. */
  readonly awayMs: number;
  /** The part of that which its buffer did not cover, ms: its audio gap. */
  readonly silentMs: number;
}

const UNKNOWN: ReconnectGap = { awayMs: 0, silentMs: 0 };

/**
 * Reckon the audio gap between a lost connection, in slot `from`, and the one that its client came back on, in slot `to`.
 * Counters of a page begin with each connection, so no report ever tells of it.
 */
export function reconnectGap(table: Tables['connections'], ledger: Ledger, from: number, to: number): ReconnectGap {
  const depthMs = table.get(from, CONNECTION.buffer_depth_ms);
  const state = table.get(from, CONNECTION.playback_state);
  const played = state === PLAYBACK.playing || state === PLAYBACK.stalled;
  const isDoubted = saysImpossible(table, from) || table.get(from, CONNECTION.trust) === TRUST.contradicting;
  const left = isGoodbye(table.get(from, CONNECTION.close_code));
  if (Number.isNaN(depthMs) || !played || isDoubted || left) return UNKNOWN;
  const { lines } = ledger;
  const line = ledger.lineOf(from);
  // Audio may come for as long as a report is due. A hub may notice a loss long after that.
  const reportDueAt = (lines[line + ENTRY.lastSignAt] as number) + table.get(from, CONNECTION.report_interval_ms);
  const lostAt = Math.min(lines[line + ENTRY.closedAt] as number, reportDueAt);
  const awayMs = (lines[ledger.lineOf(to) + ENTRY.openedAt] as number) - lostAt;
  return awayMs > 0 ? { awayMs, silentMs: Math.max(0, awayMs - depthMs) } : UNKNOWN;
}
