import type { TableName } from '@auralis/shared';
import { type Resolution, resolutionsSince } from './resolutions.js';

/** A question that cannot be answered; `message` begins with the parameter and says what is allowed. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError';
}

/** A stretch of time, ms since 1970, both ends included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Instants that readings are wanted of, and where they are found. */
export interface Plan {
  readonly resolution: Resolution;
  readonly stepMs: number;
  /** The multiples of the step within the span, ascending. */
  readonly times: readonly number[];
  /** A snapshot speaks for so long: for a step, and for two of its own so that one that came late leaves no hole. */
  readonly holdsMs: number;
}

/** Where nothing is said. */
const DEFAULT_SPAN_MS = 15 * 60_000;
const DEFAULT_POINTS = 500;
/** An hour by the second. */
const MAX_POINTS = 4_000;

/** @throws HistoryError */
export function spanOf(from: number | undefined, to: number | undefined, now: number): Span {
  const end = to ?? now;
  const start = from ?? end - DEFAULT_SPAN_MS;
  if (start <= end) return { from: start, to: end };
  throw new HistoryError(`from: at or before to, ${iso(end)}, not ${iso(start)}`);
}

/** @throws HistoryError */
export function planPoints(table: TableName, { from, to }: Span, step: number | undefined, now: number): Plan {
  const kept = resolutionsSince(table, from, now);
  const [{ stepMs: finest }] = kept;
  const chosen = step ?? roundUp(Math.max((to - from) / DEFAULT_POINTS, 1), finest);
  const least = roundUp(Math.max((to - from) / MAX_POINTS, 1), finest);
  if (chosen < finest) {
    throw new HistoryError(
      `step: at least ${finest}, which is how finely ${table} are kept as far back as from, not ${chosen}`,
    );
  }
  if (Math.floor((to - from) / chosen) > MAX_POINTS) {
    throw new HistoryError(
      `step: at least ${least}, for at most ${MAX_POINTS} points between from and to, not ${chosen}`,
    );
  }
  // The coarsest that is fine enough: it reaches back furthest, and has the least to go through.
  const resolution = kept.filter(({ stepMs }) => stepMs <= chosen).at(-1) as Resolution;
  const times: number[] = [];
  for (let t = roundUp(from, chosen); t <= Math.min(to, now); t += chosen) times.push(t);
  return { resolution, stepMs: chosen, times, holdsMs: Math.max(chosen, 2 * resolution.stepMs) };
}

const roundUp = (value: number, step: number) => Math.ceil(value / step) * step;
const iso = (t: number) => new Date(t).toISOString();
