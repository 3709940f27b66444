import {
  CONNECTION,
  CONNECTION_ATTRIBUTE,
  CONNECTION_STATE,
  PLAYBACK,
  STATUS,
  type Tables,
  TRUST,
} from '../state/tables.js';
import { ALL_POSSIBLE, saysImpossible } from '../state/trust.js';
import { EventWindow } from '../time/windows.js';
import type { BufferModel } from './buffer-model.js';
import { ErrorShare } from './error-share.js';
import { checkFigures } from './figure-check.js';
import { ENTRY, type Ledger } from './ledger.js';
import { type Signs, statusOf, trustOf } from './status.js';

/** How unevenly reports arrive that leave evenly. */
const MAX_REPORT_JITTER_MS = 1_000;
/** A listener must be well for this long before a fault is over. The same holds for impossible figures. */
const RECOVERY_MS = 10_000;

/** State of a stream's chunks, by which its listeners are judged. */
export interface Supplied {
  /** The next chunk is late. */
  readonly isLate: boolean;
  /** In the last minute the engine sent more at once than listeners may be sent. */
  readonly hadBurst: boolean;
  /** The longest recent chunk, ms; 0 if unknown. */
  readonly longestMs: number;
}

/**
 * One connection of a stream, whoever serves it: this hub (`Listener`) or somebody who reports it (`ExternalConnection`).
 * Its figures live in its row of `connections`; here is how it is judged by them, and what the row cannot say.
 */
export abstract class Connection {
  readonly slot: number;
  /** How often it reports, as it was asked to. A report may be some of these late before it counts as silent. */
  reportIntervalMs: number;

  protected readonly table: Tables['connections'];
  /** What is neither in its row nor an object stands in the ledger, from `line` on. */
  readonly ledger: Ledger;
  readonly line: number;
  /** Compares its words with its deeds; null as long as nothing is known of what it received. */
  protected watch: BufferModel | null = null;
  isHidden = false;
  protected readonly playsSegments: boolean = false;
  /** Made at the first drop: most connections never need one. */
  #drops: EventWindow | null = null;
  /** Made at the first error. */
  #errors: ErrorShare | null = null;

  constructor(table: Tables['connections'], slot: number, ledger: Ledger, reportIntervalMs: number, now: number) {
    this.table = table;
    this.slot = slot;
    this.ledger = ledger;
    this.line = ledger.open(slot);
    this.enter(ENTRY.openedAt, now);
    this.enter(ENTRY.lastReportAt, now);
    this.enter(ENTRY.unwellAt, Number.NEGATIVE_INFINITY);
    this.enter(ENTRY.underrunsJudged, 0);
    this.enter(ENTRY.silenceTold, 0);
    this.enter(ENTRY.silenceUpTo, now);
    this.enter(ENTRY.countedUpTo, now);
    this.reportIntervalMs = reportIntervalMs;
    table.set(slot, CONNECTION.reports, 0);
    table.set(slot, CONNECTION.impossible_figure, ALL_POSSIBLE);
    table.set(slot, CONNECTION.connected_at, table.epochS(now));
    table.set(slot, CONNECTION.state, CONNECTION_STATE.open);
  }

  get openedAt(): number {
    return this.ledger.lines[this.line + ENTRY.openedAt] as number;
  }

  get lastReportAt(): number {
    return this.ledger.lines[this.line + ENTRY.lastReportAt] as number;
  }

  /** When it was last judged to be not well; −∞ before. */
  get unwellAt(): number {
    return this.ledger.lines[this.line + ENTRY.unwellAt] as number;
  }

  protected entry(place: number): number {
    return this.ledger.lines[this.line + place] as number;
  }

  protected enter(place: number, value: number): void {
    this.ledger.lines[this.line + place] = value;
  }

  /** It is asked to report this often. */
  askFor(intervalMs: number): void {
    this.reportIntervalMs = intervalMs;
    this.table.set(this.slot, CONNECTION.report_interval_ms, intervalMs);
  }

  setHidden(hidden: boolean): void {
    this.isHidden = hidden;
  }

  /** Does it say that it plays, or would if it had audio? */
  get isPlaying(): boolean {
    const state = this.table.get(this.slot, CONNECTION.playback_state);
    return state === PLAYBACK.playing || state === PLAYBACK.stalled;
  }

  /** A report has come, at the time that stands in its line. */
  protected noteReport(): void {
    const { lines } = this.ledger;
    const { line } = this;
    const now = lines[line + ENTRY.lastSignAt] as number;
    lines[line + ENTRY.sinceMs] = now - (lines[line + ENTRY.lastReportAt] as number);
    lines[line + ENTRY.lastReportAt] = now;
    const isStarting = this.table.get(this.slot, CONNECTION.playback_state) === PLAYBACK.starting;
    if (!isStarting) lines[line + ENTRY.startingAt] = Number.NaN;
    else if (Number.isNaN(lines[line + ENTRY.startingAt] as number)) lines[line + ENTRY.startingAt] = now;
  }

  #noteErrors(now: number): void {
    if (this.saysImpossible) {
      this.#errors = null;
      return;
    }
    const errors = this.table.get(this.slot, CONNECTION.chunk_errors);
    if (!(errors > 0)) return;
    this.#errors ??= new ErrorShare();
    this.#errors.take(this.table.get(this.slot, CONNECTION.chunks_received) || 0, errors, now);
  }

  /**
   * Check what its row shows now. Mark a figure that cannot be, for at least as long as it takes everybody who reads the row
   * to see the mark. `figure`: one that was found before, or `none`. Return whether this report has such a figure.
   */
  protected checkReport(figure = ALL_POSSIBLE): boolean {
    const { table, slot } = this;
    const now = this.lastReportAt;
    const found = checkFigures(table, slot, this.ledger, this.line) || figure;
    if (found !== ALL_POSSIBLE) {
      this.enter(ENTRY.impossibleAt, now);
      table.set(slot, CONNECTION.impossible_figure, found);
      // At once, because rules may look before the next judgement.
      table.set(slot, CONNECTION.trust, TRUST.impossible);
    } else if (this.saysImpossible && now - this.entry(ENTRY.impossibleAt) >= RECOVERY_MS) {
      table.set(slot, CONNECTION.impossible_figure, ALL_POSSIBLE);
    }
    this.#noteErrors(now);
    return found !== ALL_POSSIBLE;
  }

  /** It reports an impossible figure, or did within the last seconds. */
  protected get saysImpossible(): boolean {
    return saysImpossible(this.table, this.slot);
  }

  /**
   * Makes out how much silence it heard since the report before, by the one that its row shows now. A counter that falls has
   * begun anew, and nobody hears more silence than time passes.
   */
  protected noteSilence(): void {
    const { lines } = this.ledger;
    const { line } = this;
    const total = this.table.get(this.slot, CONNECTION.underrun_duration_ms);
    lines[line + ENTRY.silentMs] = Number.NaN;
    if (Number.isNaN(total)) return;
    const told = lines[line + ENTRY.silenceTold] as number;
    const heard = Math.max(0, total < told ? total : total - told);
    const counted = Math.min(heard, lines[line + ENTRY.sinceMs] as number);
    // Reports do not arrive as evenly as they leave: what was too much for this interval may fit into the next.
    lines[line + ENTRY.silenceTold] = total - Math.min(heard - counted, MAX_REPORT_JITTER_MS);
    const isDoubted = this.saysImpossible || (this.watch !== null && this.watch.divergence !== null);
    if (!isDoubted) lines[line + ENTRY.silentMs] = counted;
  }

  /** Its client heard an audio gap before it came: this is judged like an underrun. */
  noteGap(): void {
    this.enter(ENTRY.underrunsJudged, -1);
  }

  /** What its row shows now happened before anybody looked: it is held against nobody. */
  protected forgive(): void {
    this.enter(ENTRY.underrunsJudged, this.table.get(this.slot, CONNECTION.buffer_underruns) || 0);
    this.enter(ENTRY.silenceTold, this.table.get(this.slot, CONNECTION.underrun_duration_ms) || 0);
  }

  /** Judge its status and return it. Call once a second. */
  judge(now: number, { isLate, hadBurst, longestMs }: Supplied): number {
    const { table, slot, watch } = this;
    const timeToGapMs = watch?.timeToGapMs(now - this.lastReportAt, isLate, longestMs) ?? Number.NaN;
    // Nobody starts to play as long as there is nothing to be played.
    if (isLate && !Number.isNaN(this.entry(ENTRY.startingAt))) this.enter(ENTRY.startingAt, now);
    const depthMs = table.get(slot, CONNECTION.buffer_depth_ms);
    const isKnown = longestMs > 0 && !this.saysImpossible;
    table.set(slot, CONNECTION.buffer_chunks, isKnown ? depthMs / longestMs : Number.NaN);
    const underruns = table.get(slot, CONNECTION.buffer_underruns) || 0;
    const signs: Signs = {
      reportAgeMs: now - this.lastReportAt,
      reportIntervalMs: this.reportIntervalMs,
      hidden: this.isHidden,
      saysImpossible: this.saysImpossible,
      newUnderruns: underruns - this.entry(ENTRY.underrunsJudged),
      divergence: watch?.divergence ?? null,
      timeToGapMs,
      startingMs: now - this.entry(ENTRY.startingAt),
      errorRate: this.#errors?.ratio(now) ?? Number.NaN,
      hadBurst,
      chunkMs: longestMs,
      playsSegments: this.playsSegments,
    };
    table.set(slot, CONNECTION.error_rate_1min, signs.errorRate);
    this.enter(ENTRY.underrunsJudged, underruns);
    const { status, reason } = statusOf(table, slot, signs);
    table.set(slot, CONNECTION.time_to_gap_ms, timeToGapMs);
    table.set(slot, CONNECTION.trust, trustOf(table, slot, signs));
    table.set(slot, CONNECTION.status, status);
    table.set(slot, CONNECTION.status_reason, reason);
    this.#noteSpell(status, now);
    return status;
  }

  /** Brings up to date what changes by time alone. */
  refresh(now: number): void {
    if (this.#drops !== null) this.table.set(this.slot, CONNECTION.dropped_per_min, this.#drops.total(now));
  }

  /** It has ended: its row says so, and why. `code`: WebSocket close code, NaN where there is none. */
  close(code: number, reason: string, now: number): void {
    const { table, slot } = this;
    const attributes = [...table.attributesOf(slot)];
    attributes[CONNECTION_ATTRIBUTE.reason] = reason;
    table.setAttributes(slot, attributes);
    table.set(slot, CONNECTION.state, CONNECTION_STATE.closed);
    table.set(slot, CONNECTION.close_code, code);
    table.set(slot, CONNECTION.closed_at, table.epochS(now));
    this.enter(ENTRY.closedAt, now);
    table.clear(slot, CONNECTION.chunk_send_rate);
    table.clear(slot, CONNECTION.audio_rate);
    // Who has left is in no trouble any more: in an order by status it comes last.
    for (const verdict of [CONNECTION.status, CONNECTION.status_reason, CONNECTION.not_ok_since])
      table.clear(slot, verdict);
  }

  /** One that starves is well between two underruns: what lies close together is one spell. */
  #noteSpell(status: number, now: number): void {
    const { table, slot } = this;
    if (status !== STATUS.ok) {
      if (Number.isNaN(table.get(slot, CONNECTION.not_ok_since)))
        table.set(slot, CONNECTION.not_ok_since, table.epochS(now));
      this.enter(ENTRY.unwellAt, now);
    } else if (now - this.unwellAt >= RECOVERY_MS) table.clear(slot, CONNECTION.not_ok_since);
  }

  /** Notes chunks that were dropped for it just now; 0 says that none were. */
  protected noteDrops(count: number, now: number): void {
    if (count > 0) {
      this.#drops ??= new EventWindow(60_000);
      this.#drops.add(now, count);
    }
    this.table.set(this.slot, CONNECTION.dropped_per_min, this.#drops?.total(now) ?? 0);
  }
}
