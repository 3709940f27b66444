import type { Outcome } from './event.js';

/** An end that came before its start is held this long for it. A repeated end is recognised within this time. */
export const GRACE_MS = 5_000;
/** A start without an end is forgotten after this long. */
export const NEVER_ENDED_MS = 600_000;
/** Syntheses of one engine that are remembered at once. The oldest is forgotten for a new one. */
export const MAX_PENDING = 256;

interface Started {
  /** Engine's clock, if it said. */
  readonly at: number | null;
  /** Hub's clock. */
  readonly arrivedAt: number;
}

interface Ended extends Started {
  /** null: its start is known already, and it is held only to recognise it. */
  readonly outcome: Outcome | null;
  readonly hasLatency: boolean;
}

/** A synthesis that ended. `latencyMs` is null if its duration is unknown. */
export interface Paired {
  readonly latencyMs: number | null;
  readonly outcome: Outcome;
}

/**
 * Pairs starts and ends of syntheses by id: overlapping, in any order, or with one of the two missing. Time is an
 * argument. At most MAX_PENDING starts and as many ends are kept.
 */
export class SynthesisPairs {
  /** Starts without an end, ends without a start, repeated ends. */
  unpaired = 0;
  /** Both in order of arrival. */
  readonly #started = new Map<string, Started>();
  readonly #ended = new Map<string, Ended>();

  /** Syntheses begun and not ended. */
  get pending(): number {
    return this.#started.size;
  }

  /** Note a start. If its end came first, return that end with its latency; else null. */
  start(id: string, at: number | null, now: number): Paired | null {
    this.expire(now);
    const end = this.#ended.get(id);
    if (end !== undefined && end.outcome !== null) {
      this.#ended.set(id, { ...end, outcome: null });
      // The order of arrival says nothing about duration; only the engine's own clock does.
      return { latencyMs: end.hasLatency ? null : elapsed(at, end.at), outcome: end.outcome };
    }
    if (this.#started.delete(id)) this.unpaired++;
    else if (this.#started.size >= MAX_PENDING) this.#dropOldest(this.#started);
    // An id that is used again begins another synthesis.
    this.#ended.delete(id);
    this.#started.set(id, { at, arrivedAt: now });
    return null;
  }

  /**
   * Note an end. `latencyMs`: duration by the engine. Return the synthesis, with `latencyMs` null if it is not known
   * yet; null if this end was reported before.
   */
  end(id: string, at: number | null, latencyMs: number | null, outcome: Outcome, now: number): Paired | null {
    this.expire(now);
    if (this.#ended.has(id)) {
      this.unpaired++;
      return null;
    }
    const start = this.#started.get(id);
    this.#started.delete(id);
    if (this.#ended.size >= MAX_PENDING) this.#dropOldest(this.#ended);
    const isHeld = start === undefined;
    this.#ended.set(id, { at, arrivedAt: now, outcome: isHeld ? outcome : null, hasLatency: latencyMs !== null });
    if (isHeld || latencyMs !== null) return { latencyMs, outcome };
    return { latencyMs: elapsed(start.at, at) ?? elapsed(start.arrivedAt, now), outcome };
  }

  /** Forget starts and ends that have waited too long. */
  expire(now: number): void {
    for (const [id, { arrivedAt }] of this.#started) {
      if (now - arrivedAt < NEVER_ENDED_MS) break;
      this.#started.delete(id);
      this.unpaired++;
    }
    for (const [id, { arrivedAt, outcome }] of this.#ended) {
      if (now - arrivedAt < GRACE_MS) break;
      this.#ended.delete(id);
      if (outcome !== null) this.unpaired++;
    }
  }

  #dropOldest(map: Map<string, Started | Ended>): void {
    for (const [id, entry] of map) {
      map.delete(id);
      if (!('outcome' in entry) || entry.outcome !== null) this.unpaired++;
      return;
    }
  }
}

/**
 * Return null if a clock is missing, went backwards, or did not move: start and end in one message still took some
 * time.
 */
function elapsed(from: number | null, to: number | null): number | null {
  return from !== null && to !== null && to > from ? to - from : null;
}
