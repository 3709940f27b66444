import { MAX_CHUNK_DURATION_MS, STALLED_MS } from '@auralis/shared';
import { CONNECTION, type Tables } from '../state/tables.js';
import { ALL_POSSIBLE, figureOf } from '../state/trust.js';

/** Audio that a page may still have from an earlier connection, perhaps to another hub. One chunk may be as long. */
const CARRIED_MS = MAX_CHUNK_DURATION_MS;
/** Audio that a player may have downloaded ahead of time: the largest buffer that hls.js allows. */
const DOWNLOADED_MS = 600_000;
/** Some pages count every message as a chunk: a few at the start, then a report_interval in 10 s at most. */
const OTHER_MESSAGES = 16;
const OTHER_MESSAGES_SHARE = 0.01;
/** Reports arrive less evenly than they leave. */
const JITTER_MS = 1_000;

const named = (name: keyof typeof CONNECTION) => ({ column: CONNECTION[name], figure: figureOf(name) });

const DEPTH = named('buffer_depth_ms');
const ROUND_TRIP = named('rtt_ms');
const GAPS = named('underrun_duration_ms');
const UNDERRUNS = named('buffer_underruns');
const RECEIVED = named('chunks_received');

/** Times, of which none is negative. */
const TIMES = [
  DEPTH,
  GAPS,
  ...(['jitter_ms', 'client_rtt_ms', 'clock_error_ms', 'output_latency_ms', 'startup_ms'] as const).map(named),
];
const COUNTERS = [GAPS, UNDERRUNS, RECEIVED, named('chunk_errors'), named('player_errors')];
const RECEIVED_AT = COUNTERS.indexOf(RECEIVED);

/** Facts about a connection that a check needs, and the baselines that an impossible rise moves. */
export interface Checked {
  readonly openedAt: number;
  readonly lastReportAt: number;
  /** Audio that this hub sent to it, ms; NaN if another server serves it. */
  readonly sentMs: number;
  /** `underrun_duration_ms` up to which audio gaps are counted. */
  gapToldMs: number;
  /** `buffer_underruns` up to which underruns are judged. */
  underrunsJudged: number;
}

/**
 * Holds the figures that a listener reports against what the hub sent and the time that passed. An impossible figure
 * is marked and never refused. Bounds are wide: a figure within them may be false, but one beyond them cannot be
 * true.
 */
export class FigureCheck {
  /** Up to when the time is spent in which it can have heard audio gaps, and counted other things. */
  #gapsUpTo: number;
  #countedUpTo: number;
  /** Chunks that it had received on earlier connections, by its first report. */
  #receivedBefore = 0;
  /** Its counters as last reported. */
  readonly #counters = COUNTERS.map(() => Number.NaN);

  constructor(openedAt: number) {
    this.#gapsUpTo = this.#countedUpTo = openedAt;
  }

  /**
   * Check the row after a report. Return the value of `impossible_figure` for an impossible figure, or `none`.
   *
   * A counter may have begun on an earlier connection. So a first value that cannot have been counted on this one is
   * taken as the baseline, and only its rise is bounded. An impossible rise makes a new baseline.
   */
  check(table: Tables['connections'], slot: number, connection: Checked): number {
    const ofMoment = checkMoment(table, slot, connection);
    const ofChunks = this.#checkReceived(table, slot, connection);
    const ofCounters = this.#checkCounters(table, slot, connection);
    return ofMoment || ofChunks || ofCounters;
  }

  /** Hold the chunks that it reports as received against those that this hub sent to it. */
  #checkReceived(table: Tables['connections'], slot: number, { sentMs }: Checked): number {
    const received = table.get(slot, RECEIVED.column);
    if (Number.isNaN(received) || Number.isNaN(sentMs)) return ALL_POSSIBLE;
    const most = table.get(slot, CONNECTION.chunks_sent) * (1 + OTHER_MESSAGES_SHARE) + OTHER_MESSAGES;
    const said = this.#counters[RECEIVED_AT] as number;
    if (Number.isNaN(said)) this.#receivedBefore = received > most ? received : 0;
    else if (received < said) this.#receivedBefore = 0;
    return received - this.#receivedBefore > most ? RECEIVED.figure : ALL_POSSIBLE;
  }

  /** Hold the rise of each counter against the time that passed. */
  #checkCounters(table: Tables['connections'], slot: number, connection: Checked): number {
    const now = connection.lastReportAt;
    let found = ALL_POSSIBLE;
    let counted = 0;
    for (const [at, counter] of COUNTERS.entries()) {
      const value = table.get(slot, counter.column);
      if (Number.isNaN(value)) continue;
      const said = this.#counters[at] as number;
      this.#counters[at] = value;
      const rise = value >= said ? value - said : value;
      if (!(rise > 0)) continue;
      if (counter === GAPS) {
        if (fits(this.#gapsUpTo, rise, now)) {
          this.#gapsUpTo = spent(this.#gapsUpTo, rise, now);
          continue;
        }
        connection.gapToldMs = value;
      } else {
        if (fits(this.#countedUpTo, rise, now)) {
          counted = Math.max(counted, rise);
          continue;
        }
        if (counter === UNDERRUNS) connection.underrunsJudged = value;
      }
      if (!Number.isNaN(said)) found ||= counter.figure;
    }
    this.#countedUpTo = spent(this.#countedUpTo, counted, now);
    return found;
  }
}

function checkMoment(table: Tables['connections'], slot: number, connection: Checked): number {
  for (const { column, figure } of TIMES) if (table.get(slot, column) < 0) return figure;
  const { openedAt, lastReportAt, sentMs } = connection;
  // How long the chunks of other servers are is unknown.
  const mostMs = Number.isNaN(sentMs) ? lastReportAt - openedAt + DOWNLOADED_MS : sentMs + CARRIED_MS;
  if (table.get(slot, DEPTH.column) > mostMs) return DEPTH.figure;
  // The hub closes a peer that takes longer to answer.
  return table.get(slot, ROUND_TRIP.column) > STALLED_MS ? ROUND_TRIP.figure : ALL_POSSIBLE;
}

/**
 * Whether `ms` still fit into the time that passed, which is spent up to `upTo`. A report may be late by as much as a
 * socket may be silent. Audio gaps take their own time, and no listener counts more than one thing in a millisecond.
 */
const fits = (upTo: number, ms: number, now: number) => spent(upTo, ms, now) <= now + JITTER_MS;

const spent = (upTo: number, ms: number, now: number) => Math.max(upTo, now - STALLED_MS) + ms;
