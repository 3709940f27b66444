import type { ErrorCode } from '@auralis/shared';
import { Refusal } from '../check/refusal.js';
import { type ListenerInput, readListenerMessage } from './listener-message.js';
import { hasRoom, load } from './message-bytes.js';
import { Report } from './report.js';

/** Messages that wait at most. */
const PLACES = 256;
/** So many are fetched for and taken at once: what they need stays in the processor's first cache. */
const BATCH = 16;
/** A shorter one is a question, or a fault: somebody waits for the answer. A report of five fields has 170 bytes. */
const ANSWERED_AT_ONCE_BYTES = 100;

/** Who takes messages out of the mailbox. */
export interface Addressee {
  /** Reads a little of all that `take` will need. */
  prepare(): void;
  /** The message at hand is its: `read` reads it. May throw. */
  take(): void;
}

/** Who sent a message. Its addressee is asked for when the message is taken. */
export interface Sender {
  readonly handler: Addressee;
}

/** Whose messages lie in `messageBytes`: two hubs in one process take turns. */
let owner: ListenerMailbox | null = null;

/**
 * Where messages of listeners wait to be read, up to 256 of them and no longer than until the hub's next tick. To read a
 * message takes less time than to fetch what is to be known of who sent it, which the processor has forgotten since the last
 * one came; of several messages it fetches that at once, and it need not fetch the code anew for each.
 */
export class ListenerMailbox {
  /** Content of the last `client_metrics` read; valid until the next. */
  readonly report = new Report();
  readonly #now: () => number;
  readonly #onError: (error: unknown) => void;
  readonly #senders: (Sender | null)[] = new Array(PLACES).fill(null);
  readonly #batch: (Addressee | null)[] = new Array(BATCH).fill(null);
  readonly #times = new Float64Array(PLACES);
  readonly #isBinary = new Uint8Array(PLACES);
  /** Where each begins; behind the last of them is where the next one will. */
  readonly #starts = new Int32Array(PLACES + 1);
  #waiting = 0;
  /** Place of the message at hand. */
  #at = 0;
  #isEmptying = false;

  /** `now`: the hub's clock. `onError` is told what an addressee threw. */
  constructor(now: () => number, onError: (error: unknown) => void) {
    this.#now = now;
    this.#onError = onError;
  }

  /** A message has come. Its bytes are copied. */
  put(sender: Sender, data: Uint8Array, isBinary: boolean): void {
    if (owner !== this) this.#takeOver();
    if (this.#waiting === PLACES || !hasRoom(this.#starts[this.#waiting] as number, data.length)) this.empty();
    const at = this.#waiting;
    this.#senders[at] = sender;
    this.#times[at] = this.#now();
    this.#isBinary[at] = isBinary ? 1 : 0;
    this.#starts[at + 1] = load(data, this.#starts[at] as number);
    this.#waiting++;
    if (data.length < ANSWERED_AT_ONCE_BYTES) this.empty();
  }

  /** Lets everybody take what has come, in the order in which it came. */
  empty(): void {
    if (this.#waiting === 0 || this.#isEmptying) return;
    this.#isEmptying = true;
    for (let from = 0; from < this.#waiting; from += BATCH)
      this.#takeBatch(from, Math.min(BATCH, this.#waiting - from));
    this.#waiting = 0;
    this.#isEmptying = false;
  }

  /** When the message at hand came, by the hub's clock. */
  get arrivedAt(): number {
    return this.#times[this.#at] as number;
  }

  /** Reads the message at hand. @throws Refusal */
  read(): ListenerInput {
    const at = this.#at;
    const end = (this.#starts[at + 1] as number) - 1;
    return readListenerMessage(this.#starts[at] as number, end, this.#isBinary[at] === 1, this.report);
  }

  refusalCode(error: unknown): ErrorCode | null {
    return error instanceof Refusal ? error.code : null;
  }

  #takeBatch(from: number, count: number): void {
    for (let at = 0; at < count; at++) {
      this.#batch[at] = (this.#senders[from + at] as Sender).handler;
      this.#senders[from + at] = null;
    }
    for (let at = 0; at < count; at++) (this.#batch[at] as Addressee).prepare();
    for (let at = 0; at < count; at++) {
      this.#at = from + at;
      this.#give(this.#batch[at] as Addressee);
      this.#batch[at] = null;
    }
  }

  #takeOver(): void {
    owner?.empty();
    owner = this;
  }

  #give(addressee: Addressee): void {
    try {
      addressee.take();
    } catch (error) {
      this.#onError(error);
    }
  }
}
