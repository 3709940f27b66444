import { type AudioFormat, MAX_CHUNK_MESSAGE_BYTES, type PublishedChunk } from '@auralis/shared';
import { type PcmAudio, WavError } from './wav.js';

/** Payload of a chunk without sound. */
const OPAQUE_BYTES = 64;

/** Audio of an engine, chunk after chunk, without end. */
export interface ChunkSource {
  readonly format: AudioFormat;
  /** The next chunk; its payload is valid until the call after it. */
  next(): PublishedChunk;
}

/** Small chunks of no meaning, which stand for `durationMs` each. */
export function opaqueSource(durationMs: number): ChunkSource {
  const payload = new Uint8Array(OPAQUE_BYTES);
  return {
    format: { encoding: 'opaque', sampleRate: 48_000, channels: 2 },
    next: () => ({ durationMs, payload }),
  };
}

/**
 * Plays a recording again and again, in chunks of `chunkMs`. If that is no whole number of frames: now one more, now
 * one less.
 */
export class PcmSource implements ChunkSource {
  readonly format: AudioFormat;
  readonly #audio: PcmAudio;
  readonly #frameBytes: number;
  readonly #frames: number;
  readonly #payload: Uint8Array;
  readonly #chunkMs: number;
  #chunks = 0;
  /** Where in the recording the next chunk begins. */
  #frame = 0;

  /** @throws WavError where so much of it does not fit into a chunk */
  constructor(audio: PcmAudio, chunkMs: number) {
    this.#chunkMs = chunkMs;
    const { sampleRate, channels } = audio;
    this.#audio = audio;
    this.#frameBytes = channels * 2;
    this.#frames = audio.samples.length / this.#frameBytes;
    this.format = { encoding: 'pcm_s16le', sampleRate, channels };
    const largest = Math.ceil((sampleRate * chunkMs) / 1000) * this.#frameBytes;
    if (largest > MAX_CHUNK_MESSAGE_BYTES - 64) {
      throw new WavError(
        `${chunkMs} ms of it are ${largest} bytes; a chunk is at most ${MAX_CHUNK_MESSAGE_BYTES}: take fewer channels, a lower rate, or shorter chunks`,
      );
    }
    this.#payload = new Uint8Array(largest);
  }

  next(): PublishedChunk {
    const { sampleRate } = this.#audio;
    const end = (count: number) => Math.floor((count * sampleRate * this.#chunkMs) / 1000);
    const frames = end(this.#chunks + 1) - end(this.#chunks);
    this.#chunks++;
    this.#copy(frames);
    return { durationMs: (frames * 1000) / sampleRate, payload: this.#payload.subarray(0, frames * this.#frameBytes) };
  }

  #copy(frames: number): void {
    for (let done = 0; done < frames; ) {
      const count = Math.min(frames - done, this.#frames - this.#frame);
      const from = this.#frame * this.#frameBytes;
      this.#payload.set(this.#audio.samples.subarray(from, from + count * this.#frameBytes), done * this.#frameBytes);
      done += count;
      this.#frame = (this.#frame + count) % this.#frames;
    }
  }
}
