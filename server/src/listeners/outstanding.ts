import type { RecentChunks } from './recent-chunks.js';

/** A listener with more runs of dropped chunks than this, none confirmed, counts as too far behind. */
const MAX_GAPS = 64;

/**
 * Chunks that one listener was sent and has not confirmed. The account is exact, even if some in between were
 * dropped. A listener that keeps up has no gaps and costs no memory here.
 */
export class Outstanding {
  /** Chunks sent and not confirmed. */
  chunks = 0;
  /** Their duration. */
  ms = 0;
  /** Duration of all confirmed chunks. */
  confirmedMs = 0;
  #sentUpTo: number;
  #confirmedUpTo: number;
  /** Runs of chunks that were not sent, as pairs [first, last], ascending, all after the last that was confirmed. */
  #gaps: number[] | null = null;

  /** `seq`: the last chunk published before the listener joined. */
  constructor(seq: number) {
    this.#sentUpTo = this.#confirmedUpTo = seq;
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
   * Whether `seq` cannot be the last chunk that it has, because it confirmed a later one on this connection, or
   * because no such chunk was sent. Before its first confirmation the number may be of an earlier connection.
   */
  contradicts(seq: number): boolean {
    return this.confirmedMs > 0 && (seq < this.#confirmedUpTo || seq > this.#sentUpTo);
  }

  /**
   * The listener has chunk `seq` and all sent before it. Return false, and confirm nothing, if it was never sent one
   * of that number.
   */
  confirm(seq: number, chunks: RecentChunks): boolean {
    if (seq > this.#sentUpTo) return false;
    const first = this.#confirmedUpTo + 1;
    if (seq < first) return true;
    let confirmedMs = 0;
    for (let at = first; at <= seq; at++) {
      const gapEnd = this.#gapEndAt(at);
      if (gapEnd >= at) {
        at = gapEnd;
        continue;
      }
      this.chunks--;
      confirmedMs += chunks.durationOf(at);
    }
    this.#confirmedUpTo = seq;
    this.confirmedMs += confirmedMs;
    // Durations of old chunks are guesses, and the error would stay in the sum.
    this.ms = first < chunks.oldest ? this.#remembered(chunks) : this.ms - confirmedMs;
    // Sums of fractions drift; an empty account is exactly empty.
    if (this.chunks === 0) this.ms = 0;
    return true;
  }

  /** Sum up what is outstanding again: exact but for chunks whose durations are forgotten. */
  #remembered(chunks: RecentChunks): number {
    const gaps = this.#gaps ?? [];
    let ms = 0;
    let count = 0;
    let gap = 0;
    for (let at = Math.max(this.#confirmedUpTo + 1, chunks.oldest); at <= this.#sentUpTo; at++) {
      while ((gaps[gap + 1] ?? Number.POSITIVE_INFINITY) < at) gap += 2;
      if ((gaps[gap] ?? Number.POSITIVE_INFINITY) <= at) {
        at = gaps[gap + 1] as number;
        continue;
      }
      ms += chunks.durationOf(at);
      count++;
    }
    return ms + (this.chunks - count) * chunks.durationOf(chunks.oldest);
  }

  /** Return the last chunk of the gap that begins at or before `seq`, or -1. Drops gaps that end before it. */
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
