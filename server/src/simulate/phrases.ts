/** An event as `/publish` takes it. */
export type SimEvent = { readonly type: string } & Readonly<Record<string, string | number | boolean>>;

/** A phrase is as long as the next is away: sound is made as fast as it is heard. */
export const PHRASE_MS = 8_000;
const SECOND_MS = 1_000;
/** Events that are later than this were missed, as by a process that slept: it goes on from now. */
const MAX_LATE_MS = 10_000;

/** Mean and spread, either way, of what an engine in good health reports. */
const SYNTHESIS_MS = [300, 60] as const;
const GENERATION_MS = [900, 300] as const;
const NOTES = [12, 4] as const;
const BUFFER_MS = [300, 60] as const;
const CPU_PERCENT = [34, 6] as const;
const MEMORY_MB = [640, 20] as const;
const GPU_MB = [1_480, 60] as const;
/** Phrases composed ahead. */
const QUEUE = 2;

/**
 * Events of an engine. Every eight seconds it takes a phrase from its queue, synthesises it, and composes another.
 * Every second it reports its buffer and its process. Time is an argument, in ms of any epoch.
 */
export class SimPhrases {
  readonly #random: () => number;
  readonly #due: { readonly at: number; readonly event: SimEvent }[] = [];
  #phrase = 0;
  #phraseAt = Number.NaN;
  #secondAt = Number.NaN;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** The events that are due at `now` and were not told yet, in their order. */
  due(now: number): readonly SimEvent[] {
    if (!(now - this.#secondAt < MAX_LATE_MS)) {
      this.#phraseAt = now;
      this.#secondAt = now;
    }
    for (; this.#phraseAt <= now; this.#phraseAt += PHRASE_MS) this.#planPhrase(this.#phraseAt);
    for (; this.#secondAt <= now; this.#secondAt += SECOND_MS) this.#planSecond(this.#secondAt);
    this.#due.sort((a, b) => a.at - b.at);
    const later = this.#due.findIndex(({ at }) => at > now);
    return this.#due.splice(0, later === -1 ? this.#due.length : later).map(({ event }) => event);
  }

  #planPhrase(at: number): void {
    const id = `phrase-${++this.#phrase}`;
    const phraseDurationSec = PHRASE_MS / 1000;
    const ended = at + this.#around(SYNTHESIS_MS);
    const generationMs = this.#around(GENERATION_MS);
    const composed = ended + generationMs;
    this.#plan(at, { type: 'queue', depth: QUEUE - 1 });
    this.#plan(at, { type: 'synthesis_start', id, at });
    const gpuMemoryMb = this.#around(GPU_MB);
    this.#plan(ended, { type: 'synthesis_end', id, at: ended, success: true, phraseDurationSec, gpuMemoryMb });
    this.#plan(composed, { type: 'phrase', generationMs, notes: Math.round(this.#around(NOTES)), success: true });
    this.#plan(composed, { type: 'queue', depth: QUEUE });
  }

  #planSecond(at: number): void {
    this.#plan(at, { type: 'buffer', depthMs: this.#around(BUFFER_MS) });
    const [cpuPercent, memoryMb] = [this.#around(CPU_PERCENT), this.#around(MEMORY_MB)];
    this.#plan(at, { type: 'process', cpuPercent, memoryMb });
  }

  #plan(at: number, event: SimEvent): void {
    this.#due.push({ at, event });
  }

  #around([mean, spread]: readonly [number, number]): number {
    return Math.round((mean + (this.#random() * 2 - 1) * spread) * 10) / 10;
  }
}
