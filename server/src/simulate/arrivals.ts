/** Exchanges of clocks that are kept. */
const WINDOW = 8;

/** A listener's estimate of the hub's clock: from the exchange with the shortest round trip of the last eight. */
export class HubClock {
  rttMs: number | null = null;
  #samples: { readonly offsetMs: number; readonly rttMs: number }[] = [];

  /** `t0` and `t3` by this clock, `t1` and `t2` by the hub's: sent, received, answered, back. */
  add(t0: number, t1: number, t2: number, t3: number): void {
    this.rttMs = Math.max(0, t3 - t0 - (t2 - t1));
    this.#samples = [...this.#samples.slice(1 - WINDOW), { offsetMs: (t1 - t0 + t2 - t3) / 2, rttMs: this.rttMs }];
  }

  /** Hub's clock minus this one, and how wrong that may be; null before the first exchange. */
  get estimate(): { readonly offsetMs: number; readonly errorMs: number } | null {
    const [first, ...others] = this.#samples;
    if (first === undefined) return null;
    const best = others.reduce((shortest, sample) => (sample.rttMs < shortest.rttMs ? sample : shortest), first);
    return { offsetMs: best.offsetMs, errorMs: best.rttMs / 2 + 1 };
  }
}

/** A mean that forgets: the last 20 arrivals or so count. */
const WEIGHT = 1 / 20;

/** How chunks arrive at one listener: their age, and how much it varies. */
export class Arrivals {
  /** Mean age on arrival by this listener's own clock, ms; null before the first. */
  ageMs: number | null = null;
  /** Interarrival jitter (RFC 3550, 6.4.1), ms. */
  jitterMs = 0;
  #lastAge: number | null = null;

  /** A chunk that the hub sent at `sentAtMs` (its clock) came at `now` (this one). */
  push(sentAtMs: number, now: number): void {
    const age = now - sentAtMs;
    this.ageMs = this.ageMs === null ? age : this.ageMs + (age - this.ageMs) * WEIGHT;
    if (this.#lastAge !== null) this.jitterMs += (Math.abs(age - this.#lastAge) - this.jitterMs) / 16;
    this.#lastAge = age;
  }
}
