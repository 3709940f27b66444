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
import { type Checked, FigureCheck } from './figure-check.js';
import { type Signs, statusOf, trustOf } from './status.js';

/** Reports that leave evenly arrive this unevenly. */
const MAX_REPORT_JITTER_MS = 1_000;
/** A listener must be ok for this long before a fault is over. The same holds for impossible figures. */
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
 * One connection of a stream, served by this hub (`Listener`) or reported by another server (`ExternalConnection`).
 * Its figures live in its row of `connections`. This is how it is judged by them. Times are the hub's, ms.
 */
export abstract class Connection implements Checked {
  readonly slot: number;
  /** How often it reports, as it was asked to. A report may be some of these late before it is stale. */
  reportIntervalMs: number;
  readonly openedAt: number;
  lastReportAt: number;
  /** When it was last judged not ok; −∞ before. */
  notOkAt = Number.NEGATIVE_INFINITY;
  gapToldMs = 0;
  underrunsJudged = 0;
  /** From the report before the last to the last. */
  sinceMs = Number.NaN;
  /** Audio gap that it heard in between, ms; NaN if it does not report it or is not trusted. */
  gapMs = Number.NaN;

  protected readonly table: Tables['connections'];
  /** Null as long as nothing is known of the audio that it received. */
  protected model: BufferModel | null = null;
  isHidden = false;
  protected readonly playsSegments: boolean = false;
  readonly #check: FigureCheck;
  /** Since when it reports *starting* while chunks come; NaN if it does not. */
  #startingAt = Number.NaN;
  /** When it last reported an impossible figure. */
  #impossibleAt = Number.NaN;
  /** Made at the first drop: most connections never need one. */
  #drops: EventWindow | null = null;
  /** Made at the first error. */
  #errors: ErrorShare | null = null;

  constructor(table: Tables['connections'], slot: number, reportIntervalMs: number, now: number) {
    this.table = table;
    this.slot = slot;
    this.openedAt = this.lastReportAt = now;
    this.#check = new FigureCheck(now);
    this.reportIntervalMs = reportIntervalMs;
    table.set(slot, CONNECTION.reports, 0);
    table.set(slot, CONNECTION.impossible_figure, ALL_POSSIBLE);
    table.set(slot, CONNECTION.connected_at, table.epochS(now));
    table.set(slot, CONNECTION.state, CONNECTION_STATE.open);
  }

  /** Audio that this hub sent to it, ms; NaN if another server serves it. */
  abstract get sentMs(): number;

  /** It is asked to report this often. */
  askFor(intervalMs: number): void {
    this.reportIntervalMs = intervalMs;
    this.table.set(this.slot, CONNECTION.report_interval_ms, intervalMs);
  }

  setHidden(hidden: boolean): void {
    this.isHidden = hidden;
  }

  /** Whether it reports that it plays, or would if it had audio. */
  get isPlaying(): boolean {
    const state = this.table.get(this.slot, CONNECTION.playback_state);
    return state === PLAYBACK.playing || state === PLAYBACK.stalled;
  }

  /** A report has come, and its row shows it. */
  protected noteReport(now: number): void {
    this.sinceMs = now - this.lastReportAt;
    this.lastReportAt = now;
    const isStarting = this.table.get(this.slot, CONNECTION.playback_state) === PLAYBACK.starting;
    if (!isStarting) this.#startingAt = Number.NaN;
    else if (Number.isNaN(this.#startingAt)) this.#startingAt = now;
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
   * Check the row. Mark an impossible figure for 10 s, so that everyone who reads the row once a second sees the
   * mark. `figure`: one that was found before, or `none`. Return whether this report has such a figure.
   */
  protected checkReport(figure = ALL_POSSIBLE): boolean {
    const { table, slot } = this;
    const now = this.lastReportAt;
    const found = this.#check.check(table, slot, this) || figure;
    if (found !== ALL_POSSIBLE) {
      this.#impossibleAt = now;
      table.set(slot, CONNECTION.impossible_figure, found);
      // At once, because rules may look before the next judgement.
      table.set(slot, CONNECTION.trust, TRUST.impossible);
    } else if (this.saysImpossible && now - this.#impossibleAt >= RECOVERY_MS) {
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
   * Compute the audio gap since the report before. A counter that falls has begun anew, and no gap is longer than the
   * time that passed.
   */
  protected measureGap(): void {
    this.gapMs = Number.NaN;
    const total = this.table.get(this.slot, CONNECTION.underrun_duration_ms);
    if (Number.isNaN(total)) return;
    const heard = Math.max(0, total < this.gapToldMs ? total : total - this.gapToldMs);
    const counted = Math.min(heard, this.sinceMs);
    // Reports arrive less evenly than they leave: a gap that is too long for this interval may fit into the next.
    this.gapToldMs = total - Math.min(heard - counted, MAX_REPORT_JITTER_MS);
    const isDoubted = this.saysImpossible || (this.model !== null && this.model.divergence !== null);
    if (!isDoubted) this.gapMs = counted;
  }

  /** Its client heard an audio gap before it came: judge that like an underrun. */
  judgeGap(): void {
    this.underrunsJudged = -1;
  }

  /** Ignore underruns and audio gaps from before monitoring began. */
  protected forgive(): void {
    this.underrunsJudged = this.table.get(this.slot, CONNECTION.buffer_underruns) || 0;
    this.gapToldMs = this.table.get(this.slot, CONNECTION.underrun_duration_ms) || 0;
  }

  /** Judge its status and return it. Call once a second. */
  judge(now: number, { isLate, hadBurst, longestMs }: Supplied): number {
    const { table, slot, model } = this;
    const timeToGapMs = model?.timeToGapMs(now - this.lastReportAt, isLate, longestMs) ?? Number.NaN;
    // Without chunks no player can start.
    if (isLate && !Number.isNaN(this.#startingAt)) this.#startingAt = now;
    const depthMs = table.get(slot, CONNECTION.buffer_depth_ms);
    const isKnown = longestMs > 0 && !this.saysImpossible;
    table.set(slot, CONNECTION.buffer_chunks, isKnown ? depthMs / longestMs : Number.NaN);
    const underruns = table.get(slot, CONNECTION.buffer_underruns) || 0;
    const signs: Signs = {
      reportAgeMs: now - this.lastReportAt,
      reportIntervalMs: this.reportIntervalMs,
      hidden: this.isHidden,
      saysImpossible: this.saysImpossible,
      newUnderruns: underruns - this.underrunsJudged,
      divergence: model?.divergence ?? null,
      timeToGapMs,
      startingMs: now - this.#startingAt,
      errorRate: this.#errors?.ratio(now) ?? Number.NaN,
      hadBurst,
      chunkMs: longestMs,
      playsSegments: this.playsSegments,
    };
    table.set(slot, CONNECTION.error_rate_1min, signs.errorRate);
    this.underrunsJudged = underruns;
    const { status, reason } = statusOf(table, slot, signs);
    table.set(slot, CONNECTION.time_to_gap_ms, timeToGapMs);
    table.set(slot, CONNECTION.trust, trustOf(table, slot, signs));
    table.set(slot, CONNECTION.status, status);
    table.set(slot, CONNECTION.status_reason, reason);
    this.#noteStatus(status, now);
    return status;
  }

  /** Update columns that change by time alone. */
  refresh(now: number): void {
    if (this.#drops !== null) this.table.set(this.slot, CONNECTION.dropped_per_min, this.#drops.total(now));
  }

  /** Mark the row as closed. `code`: WebSocket close code, or NaN. */
  close(code: number, reason: string, now: number): void {
    const { table, slot } = this;
    const attributes = [...table.attributesOf(slot)];
    attributes[CONNECTION_ATTRIBUTE.reason] = reason;
    table.setAttributes(slot, attributes);
    table.set(slot, CONNECTION.state, CONNECTION_STATE.closed);
    table.set(slot, CONNECTION.close_code, code);
    table.set(slot, CONNECTION.closed_at, table.epochS(now));
    table.clear(slot, CONNECTION.chunk_send_rate);
    table.clear(slot, CONNECTION.audio_rate);
    // Closed rows come last if sorted by status.
    for (const verdict of [CONNECTION.status, CONNECTION.status_reason, CONNECTION.not_ok_since])
      table.clear(slot, verdict);
  }

  /** Show since when it is not ok. It is ok between two underruns, so a fault is over only after 10 s. */
  #noteStatus(status: number, now: number): void {
    const { table, slot } = this;
    if (status !== STATUS.ok) {
      if (Number.isNaN(table.get(slot, CONNECTION.not_ok_since)))
        table.set(slot, CONNECTION.not_ok_since, table.epochS(now));
      this.notOkAt = now;
    } else if (now - this.notOkAt >= RECOVERY_MS) table.clear(slot, CONNECTION.not_ok_since);
  }

  /** Count chunks that were just dropped for it. */
  protected noteDrops(count: number, now: number): void {
    if (count > 0) {
      this.#drops ??= new EventWindow(60_000);
      this.#drops.add(now, count);
    }
    this.table.set(this.slot, CONNECTION.dropped_per_min, this.#drops?.total(now) ?? 0);
  }
}
