import type { AddressBudget } from '../limits/address-budget.js';
import type { BodyLimits } from './http-limits.js';
import { RefusedBody } from './refused-body.js';

/** Most bodies are smaller: a report, an event, an alert's receipt. */
const FIRST_CAPACITY_BYTES = 4_096;

/**
 * A request's body, gathered in one buffer. The budget counts the buffer, so a body of a million pieces holds no more
 * than its bytes. Reading `stream` waits for the whole body and throws `RefusedBody` if it is not taken.
 */
export class RequestBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #limits: BodyLimits;
  readonly #budget: AddressBudget;
  readonly #address: string;
  #buffer = new Uint8Array(0);
  #length = 0;
  #pieces = 0;
  #refusal: RefusedBody | null = null;
  #isWhole = false;
  #isClosed = false;
  readonly #onFlood: () => void;
  #onSettled: () => void = () => {};

  /**
   * `onFlood`: called if twice as many pieces come as a body may have. Each costs a buffer, taken or not, so the
   * connection must end, answered or not. `onWanted`: called when a route begins to read the body.
   */
  constructor(
    limits: BodyLimits,
    budget: AddressBudget,
    address: string,
    onFlood: () => void = () => {},
    onWanted: () => void = () => {},
  ) {
    this.#limits = limits;
    this.#onFlood = onFlood;
    this.#budget = budget;
    this.#address = address;
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
      onWanted();
      await this.#settled();
      if (this.#refusal !== null) throw this.#refusal;
      if (this.#length > 0) controller.enqueue(this.#buffer.subarray(0, this.#length));
      controller.close();
    };
    this.stream = new ReadableStream({ pull }, { highWaterMark: 0 });
  }

  /** Why the body is not taken; null while it is. */
  get refusal(): RefusedBody | null {
    return this.#refusal;
  }

  /** All of it is here. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Keep a copy of `piece`. */
  push(piece: Uint8Array): void {
    const { maxBodyBytes, maxBodyPieces } = this.#limits;
    if (++this.#pieces === 2 * maxBodyPieces) this.#onFlood();
    if (this.#isSettled || piece.length === 0) return;
    const length = this.#length + piece.length;
    if (length > maxBodyBytes) this.#refuse(new RefusedBody(413, `a body is at most ${maxBodyBytes} bytes`));
    else if (this.#pieces > maxBodyPieces) {
      this.#refuse(new RefusedBody(413, `a body comes in at most ${maxBodyPieces} pieces: send larger ones`));
    } else if (!this.#reserve(length)) {
      this.#refuse(new RefusedBody(503, 'the hub holds as many request bodies as it can: try again'));
    } else {
      this.#buffer.set(piece, this.#length);
      this.#length = length;
    }
  }

  /** All has come. */
  end(): void {
    this.#isWhole = true;
    this.#onSettled();
  }

  /** The peer has left, or sends what is no body. */
  gone(): void {
    if (!this.#isSettled) this.#refuse(new RefusedBody(400, 'the body ended too early'));
  }

  /** The request is answered: hold nothing, and take nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#release();
    this.#onSettled();
  }

  get #isSettled(): boolean {
    return this.#isWhole || this.#isClosed || this.#refusal !== null;
  }

  async #settled(): Promise<void> {
    if (this.#isSettled) return;
    const { bodyTimeoutMs } = this.#limits;
    const late = () => this.#refuse(new RefusedBody(408, `a body must be here within ${bodyTimeoutMs / 1000} s`));
    const timer = setTimeout(late, bodyTimeoutMs);
    await new Promise<void>((resolve) => {
      this.#onSettled = resolve;
    });
    clearTimeout(timer);
  }

  /** Make room for `length` bytes; false if the budget has none. */
  #reserve(length: number): boolean {
    const before = this.#buffer.length;
    if (length <= before) return true;
    const doubled = Math.min(Math.max(2 * before, FIRST_CAPACITY_BYTES), this.#limits.maxBodyBytes);
    const capacity = Math.max(length, doubled);
    if (this.#budget.take(this.#address, capacity - before) !== null) return false;
    const buffer = new Uint8Array(capacity);
    buffer.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = buffer;
    return true;
  }

  #refuse(refusal: RefusedBody): void {
    this.#refusal = refusal;
    this.#release();
    this.#onSettled();
  }

  #release(): void {
    this.#budget.give(this.#address, this.#buffer.length);
    this.#buffer = new Uint8Array(0);
    this.#length = 0;
  }
}
