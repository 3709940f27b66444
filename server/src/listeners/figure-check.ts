import { MAX_CHUNK_DURATION_MS, STALLED_MS } from '@auralis/shared';
import { CONNECTION, type Tables } from '../state/tables.js';
import { ALL_POSSIBLE, figureOf } from '../state/trust.js';
import { ENTRY, type Ledger } from './ledger.js';

/**
 * Physical bounds of what a listener says of itself, whoever serves it and however it reports. A figure beyond its bound is
 * marked and never refused. The bounds are wide: a figure within them may be false, but one beyond them cannot be true.
 */

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
const SILENCE = named('underrun_duration_ms');
const UNDERRUNS = named('buffer_underruns');
const RECEIVED = named('chunks_received');

/** Times, of which none is negative. */
const TIMES = [
  DEPTH,
  SILENCE,
  ...(['jitter_ms', 'client_rtt_ms', 'clock_error_ms', 'output_latency_ms', 'startup_ms'] as const).map(named),
];
/** Counters, by their place in the ledger from `ENTRY.counters` on. */
const COUNTERS = [SILENCE, UNDERRUNS, RECEIVED, named('chunk_errors'), named('player_errors')];
const RECEIVED_AT = COUNTERS.indexOf(RECEIVED);

/**
 * Check what the last report has left in its row. Return the value of `impossible_figure` for a figure that cannot be, or
 * `none`.
 *
 * A counter may have begun on an earlier connection. So a first value that cannot have been counted on this one is taken as
 * the baseline, and only its rise is bounded. A rise that cannot be makes a new baseline.
 */
export function checkFigures(table: Tables['connections'], slot: number, { lines }: Ledger, line: number): number {
  const ofMoment = checkMoment(table, slot, lines, line);
  const ofChunks = checkReceived(table, slot, lines, line);
  const ofCounters = checkCounters(table, slot, lines, line);
  return ofMoment || ofChunks || ofCounters;
}

function checkMoment(table: Tables['connections'], slot: number, lines: Float64Array, line: number): number {
  for (const { column, figure } of TIMES) if (table.get(slot, column) < 0) return figure;
  const heldMs = sentMs(lines, line) + CARRIED_MS;
  const ageMs = (lines[line + ENTRY.lastReportAt] as number) - (lines[line + ENTRY.openedAt] as number);
  // Nobody says how long the chunks are that others send.
  const mostMs = Number.isNaN(heldMs) ? ageMs + DOWNLOADED_MS : heldMs;
  if (table.get(slot, DEPTH.column) > mostMs) return DEPTH.figure;
  // The hub closes a peer that takes longer to answer.
  return table.get(slot, ROUND_TRIP.column) > STALLED_MS ? ROUND_TRIP.figure : ALL_POSSIBLE;
}

/** Audio that this hub sent to it, ms; NaN if another server serves it. */
function sentMs(lines: Float64Array, line: number): number {
  return (lines[line + ENTRY.outstandingMs] as number) + (lines[line + ENTRY.confirmedMs] as number);
}

/** Hold the chunks that it says it received against those that this hub sent to it. */
function checkReceived(table: Tables['connections'], slot: number, lines: Float64Array, line: number): number {
  const received = table.get(slot, RECEIVED.column);
  if (Number.isNaN(received) || Number.isNaN(sentMs(lines, line))) return ALL_POSSIBLE;
  const most = table.get(slot, CONNECTION.chunks_sent) * (1 + OTHER_MESSAGES_SHARE) + OTHER_MESSAGES;
  const said = lines[line + ENTRY.counters + RECEIVED_AT] as number;
  const before = line + ENTRY.receivedBefore;
  if (Number.isNaN(said)) lines[before] = received > most ? received : 0;
  else if (received < said) lines[before] = 0;
  return received - (lines[before] as number) > most ? RECEIVED.figure : ALL_POSSIBLE;
}

/** Hold the rise of each counter against the time that passed. */
function checkCounters(table: Tables['connections'], slot: number, lines: Float64Array, line: number): number {
  let found = ALL_POSSIBLE;
  let counted = 0;
  for (let at = 0; at < COUNTERS.length; at++) {
    const counter = COUNTERS[at] as (typeof COUNTERS)[number];
    const value = table.get(slot, counter.column);
    if (Number.isNaN(value)) continue;
    const said = lines[line + ENTRY.counters + at] as number;
    lines[line + ENTRY.counters + at] = value;
    const rise = value >= said ? value - said : value;
    if (!(rise > 0)) continue;
    if (counter === SILENCE) {
      if (spend(lines, line + ENTRY.silenceUpTo, rise, line)) continue;
      lines[line + ENTRY.silenceTold] = value;
    } else {
      if (canSpend(lines, line + ENTRY.countedUpTo, rise, line)) {
        counted = Math.max(counted, rise);
        continue;
      }
      if (counter === UNDERRUNS) lines[line + ENTRY.underrunsJudged] = value;
    }
    if (!Number.isNaN(said)) found ||= counter.figure;
  }
  spend(lines, line + ENTRY.countedUpTo, counted, line);
  return found;
}

/**
 * Whether `ms` still fit into the time that passed, of which all up to `lines[place]` is spent. A report may be late by as
 * much as a socket may be silent. Silence takes its own time; nobody counts more than one in a millisecond.
 */
function canSpend(lines: Float64Array, place: number, ms: number, line: number): boolean {
  const now = lines[line + ENTRY.lastReportAt] as number;
  return Math.max(lines[place] as number, now - STALLED_MS) + ms <= now + JITTER_MS;
}

function spend(lines: Float64Array, place: number, ms: number, line: number): boolean {
  if (!canSpend(lines, place, ms, line)) return false;
  const now = lines[line + ENTRY.lastReportAt] as number;
  lines[place] = Math.max(lines[place] as number, now - STALLED_MS) + ms;
  return true;
}
