import { ENTRY, type Ledger } from './ledger.js';
import type { RecentChunks } from './recent-chunks.js';

/** A listener with more runs of dropped chunks than this, none confirmed, counts as too far behind whatever it is sent. */
const MAX_GAPS = 64;

/**
 * Which chunks one listener was sent and has not confirmed: exact, though some in between were dropped. A listener that
 * keeps up has no gaps and costs no memory here.
 */
export class Outstanding {
  /** Chunks sent and not confirmed. */
  chunks = 0;
  readonly #ledger: Ledger;
  readonly #line: number;
  /** Runs of chunks that were not sent, as pairs [first, last], ascending, all after the last that was confirmed. */
  #gaps: number[] | null = null;

  /** `line`: its own in the ledger; `seq`: the last chunk published before the listener joined. */
  constructor(ledger: Ledger, line: number, seq: number) {
    this.#ledger = ledger;
    this.#line = line;
    this.#set(ENTRY.outstandingMs, 0);
    this.#set(ENTRY.confirmedMs, 0);
    this.#set(ENTRY.sentUpTo, seq);
    this.#set(ENTRY.confirmedUpTo, seq);
  }

  /** Duration of the chunks sent and not confirmed. */
  get ms(): number {
    return this.#get(ENTRY.outstandingMs);
  }

  /** Duration of all that was confirmed so far. */
  get confirmedMs(): number {
    return this.#get(ENTRY.confirmedMs);
  }

  get isFragmented(): boolean {
    return this.#gaps !== null && this.#gaps.length >= MAX_GAPS * 2;
  }

  sent(seq: number, durationMs: number): void {
    const { lines } = this.#ledger;
    const line = this.#line;
    this.chunks++;
    lines[line + ENTRY.outstandingMs] = (lines[line + ENTRY.outstandingMs] as number) + durationMs;
    lines[line + ENTRY.sentUpTo] = seq;
  }

  dropped(seq: number): void {
    const gaps = this.#gaps;
    if (gaps === null) this.#gaps = [seq, seq];
    else if (gaps[gaps.length - 1] === seq - 1) gaps[gaps.length - 1] = seq;
    else gaps.push(seq, seq);
  }

  /**
   * Whether `seq` cannot be the last chunk that it has, because it confirmed a later one on this connection, or because no
   * such chunk was sent. Before its first confirmation the number may be of an earlier connection.
   */
  contradicts(seq: number): boolean {
    if (this.#get(ENTRY.confirmedMs) === 0) return false;
    return seq < this.#get(ENTRY.confirmedUpTo) || seq > this.#get(ENTRY.sentUpTo);
  }

  /**
   * The listener says that it has chunk `seq` and all sent before it. False where it was never sent one of that number, and
   * nothing is confirmed.
   */
  confirm(seq: number, chunks: RecentChunks): boolean {
    const { lines } = this.#ledger;
    const line = this.#line;
    if (seq > (lines[line + ENTRY.sentUpTo] as number)) return false;
    const first = (lines[line + ENTRY.confirmedUpTo] as number) + 1;
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
    lines[line + ENTRY.confirmedUpTo] = seq;
    lines[line + ENTRY.confirmedMs] = (lines[line + ENTRY.confirmedMs] as number) + confirmedMs;
    const ms = (lines[line + ENTRY.outstandingMs] as number) - confirmedMs;
    // What was taken off was in part a guess, and would be missed or too much for ever.
    lines[line + ENTRY.outstandingMs] = first < chunks.oldest ? this.#remembered(chunks) : ms;
    // Sums of floating-point durations drift; an empty account is exactly empty.
    if (this.chunks === 0) lines[line + ENTRY.outstandingMs] = 0;
    return true;
  }

  /** Duration of what is outstanding, afresh: exact but for chunks whose durations are forgotten. */
  #remembered(chunks: RecentChunks): number {
    const gaps = this.#gaps ?? [];
    let ms = 0;
    let count = 0;
    let gap = 0;
    const sentUpTo = this.#get(ENTRY.sentUpTo);
    for (let at = Math.max(this.#get(ENTRY.confirmedUpTo) + 1, chunks.oldest); at <= sentUpTo; at++) {
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

  #get(entry: number): number {
    return this.#ledger.lines[this.#line + entry] as number;
  }

  #set(entry: number, value: number): void {
    this.#ledger.lines[this.#line + entry] = value;
  }
}
