/** Audio to be gathered before the first sound, and again after it ran dry: less stutters, more lags. */
export const START_MS = 300;
/** Depth beyond which the oldest audio is dropped: a listener who falls further behind is no longer live. */
export const MAX_DEPTH_MS = 1_500;
/** The ring's room: the depth above, and a chunk that comes on top of it. */
const ROOM_MS = 4_000;

/** What the buffer has done and is doing; counts since it was made. */
export interface JitterStatus {
  readonly state: 'filling' | 'playing';
  readonly depthMs: number;
  readonly underruns: number;
  /** Silence that was heard because of underruns, the present one included. */
  readonly underrunMs: number;
  readonly skippedMs: number;
}

/**
 * A ring of interleaved samples between chunks that come when they come and an output that never waits. Plays once
 * START_MS are there. An underrun begins when the ring runs dry while playing, and ends when START_MS are there again.
 */
export class JitterBuffer {
  readonly #sampleRate: number;
  readonly #channels: number;
  readonly #ring: Float32Array;
  /** In frames, a sample of every channel each: room, where the oldest is, and how many there are. */
  readonly #room: number;
  #start = 0;
  #depth = 0;
  #isPlaying = false;
  /** It has played since it was last emptied: silence is an underrun now, and no longer the start. */
  #hasPlayed = false;
  #underruns = 0;
  #silentFrames = 0;
  #skippedFrames = 0;

  constructor(sampleRate: number, channels: number) {
    this.#sampleRate = sampleRate;
    this.#channels = channels;
    this.#room = this.#frames(ROOM_MS);
    this.#ring = new Float32Array(this.#room * channels);
  }

  get state(): JitterStatus['state'] {
    return this.#isPlaying ? 'playing' : 'filling';
  }

  get status(): JitterStatus {
    return {
      state: this.state,
      depthMs: this.#ms(this.#depth),
      underruns: this.#underruns,
      underrunMs: this.#ms(this.#silentFrames),
      skippedMs: this.#ms(this.#skippedFrames),
    };
  }

  /** Takes a chunk, and drops the oldest audio where that makes too much. */
  push(samples: Float32Array): void {
    const channels = this.#channels;
    let frames = Math.floor(samples.length / channels);
    // Of a chunk that is longer than the ring, the end is nearest to live.
    const tooMany = Math.max(0, frames - this.#room);
    frames -= tooMany;
    if (this.#depth + frames > this.#room) this.#skip(this.#depth + frames - this.#room);
    this.#skippedFrames += tooMany;
    let at = ((this.#start + this.#depth) % this.#room) * channels;
    for (let index = tooMany * channels; index < (tooMany + frames) * channels; index++) {
      this.#ring[at] = samples[index] as number;
      if (++at === this.#ring.length) at = 0;
    }
    this.#depth += frames;
    // Chunks of a second or more cannot be kept under 1.5 s without cutting into each.
    const limit = Math.max(this.#frames(MAX_DEPTH_MS), 2 * frames);
    if (this.#depth > limit) this.#skip(this.#depth - Math.max(this.#frames(START_MS), frames));
    if (this.#depth >= this.#frames(START_MS)) this.#isPlaying = this.#hasPlayed = true;
  }

  /** Fills one block of output, a list for each channel, with audio or silence. */
  pull(output: readonly Float32Array[]): void {
    const wanted = output[0]?.length ?? 0;
    const taken = this.#isPlaying ? Math.min(wanted, this.#depth) : 0;
    for (const [channel, samples] of output.entries()) {
      // A device with more channels than the stream has the last one in the rest.
      const from = Math.min(channel, this.#channels - 1);
      for (let frame = 0; frame < taken; frame++) {
        samples[frame] = this.#ring[((this.#start + frame) % this.#room) * this.#channels + from] as number;
      }
      samples.fill(0, taken);
    }
    this.#start = (this.#start + taken) % this.#room;
    this.#depth -= taken;
    if (taken === wanted) return;
    if (this.#isPlaying) {
      this.#isPlaying = false;
      this.#underruns++;
    }
    if (this.#hasPlayed) this.#silentFrames += wanted - taken;
  }

  /** Forgets what is buffered: what comes next is a new start. */
  flush(): void {
    this.#start = this.#depth = 0;
    this.#isPlaying = this.#hasPlayed = false;
  }

  #skip(frames: number): void {
    this.#start = (this.#start + frames) % this.#room;
    this.#depth -= frames;
    this.#skippedFrames += frames;
  }

  #frames(ms: number): number {
    return Math.ceil((ms * this.#sampleRate) / 1000);
  }

  #ms(frames: number): number {
    return (frames * 1000) / this.#sampleRate;
  }
}
