import { MAX_CONTROL_FRAMES_PER_S } from '@auralis/shared';
import type { SocketRoute, TransportOptions } from './transport.js';

/** Limits of one socket, each second. */
export interface FrameRates {
  /** Frames of every kind, as far as the transport shows them. */
  readonly maxFramesPerS: number;
  readonly maxBytesPerS: number;
  /** Return how long the loop was blocked lately, ms. Frames of that time come at once. */
  readonly stalledMs: () => number;
}

export function ratesOf({ maxFramesPerS, maxBytesPerS }: SocketRoute, options: TransportOptions): FrameRates {
  return { maxFramesPerS, maxBytesPerS, stalledMs: options.stalledMs ?? (() => 0) };
}

/** Counts the frames of one peer and their bytes against its limits, second by second. */
export class FrameMeter {
  #second = Number.NaN;
  #frames = 0;
  #controls = 0;
  #bytes = 0;

  /** Count a frame. Return null, or the limit that it exceeds, as reason of a close frame. */
  take(bytes: number, isControl: boolean, rates: FrameRates): string | null {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#frames = this.#controls = this.#bytes = 0;
    }
    this.#frames++;
    this.#bytes += bytes;
    if (isControl) this.#controls++;
    const excess = this.#excess(rates, 1);
    return excess === null ? null : this.#excess(rates, 1 + rates.stalledMs() / 1000);
  }

  #excess({ maxFramesPerS, maxBytesPerS }: FrameRates, seconds: number): string | null {
    if (this.#controls > MAX_CONTROL_FRAMES_PER_S * seconds) return 'too many pings and pongs';
    if (this.#frames > maxFramesPerS * seconds) return 'too many frames';
    return this.#bytes > maxBytesPerS * seconds ? 'too many bytes' : null;
  }
}
