import type { Duplex } from 'node:stream';
import { MESSAGE_DEADLINE_MS } from '@auralis/shared';
import { FrameMeter, type FrameRates } from './frame-meter.js';
import { FrameScanner } from './frame-scanner.js';

/**
 * The bytes that come in on one socket: every frame is counted here, fragments and empty ones too, of which `ws`
 * itself says nothing. And a message has a deadline here, because `ws` keeps an unfinished one for as long as the
 * peer likes.
 */
export class WsInlet {
  readonly #rates: FrameRates;
  readonly #meter = new FrameMeter();
  readonly #scanner: FrameScanner;
  /** When the message began that is not finished; NaN if there is none. */
  #beganAt = Number.NaN;

  /** `onExcess` is told what exceeds the limits of the socket, again with each frame. */
  constructor(stream: Duplex, rates: FrameRates, onExcess: (reason: string) => void) {
    this.#rates = rates;
    this.#scanner = new FrameScanner((bytes, isControl) => {
      // A frame that is too long by itself is for `ws` to refuse, with the code of an oversize message.
      const excess = this.#meter.take(Math.min(bytes, rates.maxBytesPerS), isControl, rates);
      if (excess !== null) onExcess(excess);
    });
    // Before `ws`, so that a flood is noticed before it is read.
    stream.prependListener('data', (data: Buffer) => this.#take(data));
  }

  /** Whether a message takes longer than it may. */
  isLate(nowMs: number): boolean {
    return nowMs - this.#beganAt > MESSAGE_DEADLINE_MS + this.#rates.stalledMs();
  }

  #take(data: Buffer): void {
    const { messages } = this.#scanner;
    this.#scanner.push(data);
    if (!this.#scanner.isMidMessage) this.#beganAt = Number.NaN;
    else if (Number.isNaN(this.#beganAt) || this.#scanner.messages !== messages) this.#beganAt = performance.now();
  }
}
