/** Durations of a stream's last chunks, by `seq`. */
export class ChunkDurations {
  readonly #durations = new Float64Array(DURATIONS_KEPT);
  #last = 0;

  /** Notes the duration of the next chunk, `seq` = the last one's + 1. */
  push(seq: number, durationMs: number): void {
    this.#durations[seq % DURATIONS_KEPT] = durationMs;
    this.#last = seq;
  }

  /** Duration of chunk `seq`; for one that is too old to be remembered, that of the oldest that is. */
  of(seq: number): number {
    const oldest = Math.max(1, this.#last - DURATIONS_KEPT + 1);
    return this.#durations[Math.max(seq, oldest) % DURATIONS_KEPT] as number;
  }
}

/** Chunks are dropped from about 4 s outstanding on: 1,024 remembered is enough for chunks of 4 ms. */
const DURATIONS_KEPT = 1024;

/** A listener with more runs of dropped chunks than this, none confirmed, counts as too far behind whatever it is sent. */
const MAX_GAPS = 64;

/**
 * Which chunks one listener was sent and has not confirmed: exact, though some in between were dropped. A listener that
 * keeps up has no gaps and costs no memory here.
 */
export class Outstanding {
  /** Chunks sent and not confirmed. */
  chunks = 0;
  /** Their duration. */
  ms = 0;
  /** Duration of all that was confirmed so far. */
  confirmedMs = 0;
  #sentUpTo: number;
  #confirmedUpTo: number;
  /** Runs of chunks that were not sent, as pairs [first, last], ascending, all after `#confirmedUpTo`. */
  #gaps: number[] | null = null;

  /** `seq`: the last chunk published before the listener joined. */
  constructor(seq: number) {
    this.#sentUpTo = seq;
    this.#confirmedUpTo = seq;
  }

  get isFragmented(): boolean {
    return this.#gaps !== null && this.#gaps.length >= MAX_GAPS * 2;
  }

  sent(seq: number, durationMs: number): void {
    this.chunks++;
    this.ms += durationMs;
    this.#sentUpTo = seq;
  }

  dropped(seq: number): void {
    const gaps = this.#gaps;
    if (gaps === null) this.#gaps = [seq, seq];
    else if (gaps[gaps.length - 1] === seq - 1) gaps[gaps.length - 1] = seq;
    else gaps.push(seq, seq);
  }

  /**
   * The listener says that it has chunk `seq` and all sent before it. False where it was never sent one of that number, and
   * nothing is confirmed.
   */
  confirm(seq: number, durations: ChunkDurations): boolean {
    if (seq > this.#sentUpTo) return false;
    for (let at = this.#confirmedUpTo + 1; at <= seq; at++) {
      const gapEnd = this.#gapEndAt(at);
      if (gapEnd >= at) {
        at = gapEnd;
        continue;
      }
      this.chunks--;
      const durationMs = durations.of(at);
      this.ms -= durationMs;
      this.confirmedMs += durationMs;
    }
    if (seq > this.#confirmedUpTo) this.#confirmedUpTo = seq;
    // Sums of floating-point durations drift; an empty account is exactly empty.
    if (this.chunks === 0) this.ms = 0;
    return true;
  }

  /** Last chunk of the gap that begins at or before `seq`, dropping gaps that end before it; -1 where there is none. */
  #gapEndAt(seq: number): number {
    const gaps = this.#gaps;
    if (gaps === null) return -1;
    while (gaps.length > 0 && (gaps[1] as number) < seq) gaps.splice(0, 2);
    if (gaps.length === 0) {
      this.#gaps = null;
      return -1;
    }
    return (gaps[0] as number) <= seq ? (gaps[1] as number) : -1;
  }
}
