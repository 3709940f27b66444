import { MAX_CHUNK_DURATION_MS, STALLED_MS } from '@auralis/shared';
import { CONNECTION, type Tables } from '../state/tables.js';
import { ALL_POSSIBLE, figureOf } from '../state/trust.js';

/**
 * Audio that a page may still have from an earlier connection, perhaps to another hub: the longest chunk that there
 * is.
 */
const CARRIED_MS = MAX_CHUNK_DURATION_MS;
/** Audio that a player may have downloaded ahead of time: the largest buffer that hls.js allows. */
const DOWNLOADED_MS = 600_000;
/**
 * Some pages count every message as a chunk. That adds a few at the start. Later it adds at most one in 10 s: the
 * message `report_interval`.
 */
const OTHER_MESSAGES = 16;
const OTHER_MESSAGES_SHARE = 0.01;
/** Reports arrive less evenly than they leave. */
const JITTER_MS = 1_000;

const columnAndFigure = (name: keyof typeof CONNECTION) => ({ column: CONNECTION[name], figure: figureOf(name) });

const DEPTH = columnAndFigure('buffer_depth_ms');
const ROUND_TRIP = columnAndFigure('rtt_ms');
const GAPS = columnAndFigure('underrun_duration_ms');
const UNDERRUNS = columnAndFigure('buffer_underruns');
const RECEIVED = columnAndFigure('chunks_received');

/** Times. A negative one is impossible. */
const TIMES = [
  DEPTH,
  GAPS,
  ...(['jitter_ms', 'client_rtt_ms', 'clock_error_ms', 'output_latency_ms', 'startup_ms'] as const).map(
    columnAndFigure,
  ),
];
const COUNTERS = [GAPS, UNDERRUNS, RECEIVED, columnAndFigure('chunk_errors'), columnAndFigure('player_errors')];
const RECEIVED_AT = COUNTERS.indexOf(RECEIVED);

/** Facts about a connection that a check needs, and two baselines, which it moves after an impossible rise. */
export interface Checked {
  readonly openedAt: number;
  readonly lastReportAt: number;
  /** Audio that this hub sent on the connection, ms. NaN if another server sends the listener its audio. */
  readonly sentMs: number;
  /** Value of `underrun_duration_ms` up to which audio gaps are counted already. */
  gapToldMs: number;
  /** Value of `buffer_underruns` up to which underruns have had their effect on the status already. */
  underrunsJudged: number;
}

/**
 * Compares what a listener reports with what the hub sent and with the time that passed. An impossible figure
 * is marked and never refused. Bounds are wide: a figure within them may be false, but one beyond them cannot be
 * true.
 */
export class FigureCheck {
  // A counter rises by 1 a millisecond at most, so a rise uses up time. Gaps have an account of time of their own.
  /** Gaps reported so far use up the time to this moment. A new gap must fit after it. */
  #gapsUpTo: number;
  /** The same for all other counters together. */
  #countedUpTo: number;
  /** First value of `chunks_received` if this connection alone does not explain it; else 0. */
  #receivedBefore = 0;
  /** Its counters as last reported. */
  readonly #counters = COUNTERS.map(() => Number.NaN);

  constructor(openedAt: number) {
    this.#gapsUpTo = this.#countedUpTo = openedAt;
  }

  /**
   * Check the row after a report. Return the value for its column `impossible_figure`: the first impossible figure,
   * or `ALL_POSSIBLE`.
   *
   * A counter may have begun on an earlier connection. So a first value that is too large for this connection is no
   * impossible figure. A later rise that does not fit the time is one. Either sets `gapToldMs` or `underrunsJudged`,
   * if it is about them, to the new value.
   */
  check(table: Tables['connections'], slot: number, connection: Checked): number {
    const ofPresent = checkPresent(table, slot, connection);
    const ofChunks = this.#checkReceived(table, slot, connection);
    const ofCounters = this.#checkCounters(table, slot, connection);
    return ofPresent || ofChunks || ofCounters;
  }

  /** Compare the chunks that it reports as received with those that this hub sent. */
  #checkReceived(table: Tables['connections'], slot: number, { sentMs }: Checked): number {
    const received = table.get(slot, RECEIVED.column);
    if (Number.isNaN(received) || Number.isNaN(sentMs)) return ALL_POSSIBLE;
    const most = table.get(slot, CONNECTION.chunks_sent) * (1 + OTHER_MESSAGES_SHARE) + OTHER_MESSAGES;
    const before = this.#counters[RECEIVED_AT] as number;
    if (Number.isNaN(before)) this.#receivedBefore = received > most ? received : 0;
    else if (received < before) this.#receivedBefore = 0;
    return received - this.#receivedBefore > most ? RECEIVED.figure : ALL_POSSIBLE;
  }

  /** Compare the rise of each counter with the time that passed. */
  #checkCounters(table: Tables['connections'], slot: number, connection: Checked): number {
    const now = connection.lastReportAt;
    let found = ALL_POSSIBLE;
    let largestRise = 0;
    for (const [at, counter] of COUNTERS.entries()) {
      const value = table.get(slot, counter.column);
      if (Number.isNaN(value)) continue;
      const before = this.#counters[at] as number;
      this.#counters[at] = value;
      const rise = value >= before ? value - before : value;
      if (!(rise > 0)) continue;
      if (counter === GAPS) {
        if (fits(this.#gapsUpTo, rise, now)) {
          this.#gapsUpTo = usedUpTo(this.#gapsUpTo, rise, now);
          continue;
        }
        connection.gapToldMs = value;
      } else {
        if (fits(this.#countedUpTo, rise, now)) {
          largestRise = Math.max(largestRise, rise);
          continue;
        }
        if (counter === UNDERRUNS) connection.underrunsJudged = value;
      }
      if (!Number.isNaN(before)) found ||= counter.figure;
    }
    this.#countedUpTo = usedUpTo(this.#countedUpTo, largestRise, now);
    return found;
  }
}

/** Check the values that can be judged without an earlier report. */
function checkPresent(table: Tables['connections'], slot: number, connection: Checked): number {
  for (const { column, figure } of TIMES) if (table.get(slot, column) < 0) return figure;
  const { openedAt, lastReportAt, sentMs } = connection;
  // The hub does not know how much audio another server has sent.
  const mostMs = Number.isNaN(sentMs) ? lastReportAt - openedAt + DOWNLOADED_MS : sentMs + CARRIED_MS;
  if (table.get(slot, DEPTH.column) > mostMs) return DEPTH.figure;
  // The hub closes a connection whose peer does not answer for `STALLED_MS`.
  return table.get(slot, ROUND_TRIP.column) > STALLED_MS ? ROUND_TRIP.figure : ALL_POSSIBLE;
}

/**
 * Whether a rise fits between `upTo` and `now`. A gap of 1 ms uses up 1 ms. A rise of another counter by 1 does, too.
 * A report may come up to `STALLED_MS` late, so unused time that far back still counts.
 */
const fits = (upTo: number, rise: number, now: number) => usedUpTo(upTo, rise, now) <= now + JITTER_MS;

/** Moment up to which time is used up after a rise. */
const usedUpTo = (upTo: number, rise: number, now: number) => Math.max(upTo, now - STALLED_MS) + rise;
