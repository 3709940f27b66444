/** Audio to be gathered before the first sound, and again after it ran dry: less stutters, more lags. */
export const START_MS = 300;
/** The next chunk may come this much late. */
export const JITTER_MS = 200;
/** Depth beyond which the oldest audio is dropped: a listener who falls further behind is no longer live. */
export const MAX_DEPTH_MS = 1_500;
/** The same in chunks, where these are long. */
const MAX_DEPTH_CHUNKS = 2;
/** A long chunk is forgotten after this many times its length of shorter ones. */
const MEMORY = 8;
/** The ring's room at first: the depth above, and a chunk that comes on top of it. It grows for longer chunks. */
const ROOM_MS = 4_000;

/** State of the buffer. Counts are since it was made. */
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
 * START_MS are there, and enough to last until the longest chunk after the last one has come, and JITTER_MS more. An
 * underrun begins when the ring runs dry while playing, and ends when there is as much again.
 */
export class JitterBuffer {
  readonly #sampleRate: number;
  readonly #channels: number;
  #ring: Float32Array;
  /** In frames, a sample of every channel each: room, where the oldest is, and how many there are. */
  #room: number;
  #start = 0;
  #depth = 0;
  /** The longest chunk of late, and how long ago the last one came, in frames. */
  #longest = 0;
  #sinceChunk = 0;
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
    const frames = Math.floor(samples.length / channels);
    this.#longest = Math.max(frames, this.#longest - Math.ceil(frames / MEMORY));
    this.#sinceChunk = 0;
    if (this.#depth + frames > this.#room) this.#grow(this.#depth + frames);
    let at = ((this.#start + this.#depth) % this.#room) * channels;
    for (let index = 0; index < frames * channels; index++) {
      this.#ring[at] = samples[index] as number;
      if (++at === this.#ring.length) at = 0;
    }
    this.#depth += frames;
    // Long chunks cannot be kept under 1.5 s without cutting into each of them.
    const limit = Math.max(this.#frames(MAX_DEPTH_MS), MAX_DEPTH_CHUNKS * this.#longest + this.#frames(JITTER_MS));
    if (this.#depth > limit) this.#skip(this.#depth - Math.max(this.#frames(START_MS), this.#longest));
    this.#startIfEnough();
  }

  /** Fills one block of output, a list for each channel, with audio or silence. */
  pull(output: readonly Float32Array[]): void {
    const wanted = output[0]?.length ?? 0;
    this.#sinceChunk += wanted;
    this.#startIfEnough();
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

  #startIfEnough(): void {
    if (this.#depth < this.#frames(START_MS)) return;
    // A chunk comes when it is whole, so the next one may take as long as it is.
    const lasts = this.#depth + this.#sinceChunk;
    if (lasts >= this.#longest + this.#frames(JITTER_MS)) this.#isPlaying = this.#hasPlayed = true;
  }

  /** Make room for so many frames, and as many again, because a chunk of this length comes again. */
  #grow(frames: number): void {
    const room = 2 * frames;
    const ring = new Float32Array(room * this.#channels);
    const from = this.#start * this.#channels;
    ring.set(this.#ring.subarray(from));
    ring.set(this.#ring.subarray(0, from), this.#ring.length - from);
    this.#ring = ring;
    this.#room = room;
    this.#start = 0;
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
