import type { Transition } from '../alerts/alert.js';

/** Tells the world of transitions, in one protocol. */
export interface Notifier {
  /** Transitions that one request can carry. */
  readonly maxBatch: number;
  /**
   * Tells of `batch`, oldest first; more than once where the first time was not seen to succeed.
   * @throws DeliveryError, or anything else, where it did not succeed
   */
  send(batch: readonly Transition[], context: SendContext): Promise<Sent>;
  /**
   * Where the receiver forgets what it is not told again: how often it wants to hear of all that fires. `send` must then
   * remember the transition of each alert that fires.
   */
  readonly repeatMs?: number;
  repeat?(firing: readonly Transition[], context: SendContext): Promise<void>;
  close?(): Promise<void>;
}

export interface SendContext {
  /** Aborts when it has taken too long, or the hub ends. */
  readonly signal: AbortSignal;
  /** What an earlier `send` remembered of this alert: survives the hub. */
  readonly recall: (alertId: string) => unknown;
  /**
   * ms since 1970 as the machine says at this moment. The hub's own clock never jumps, and so is off where the machine slept
   * or had its time set since: a receiver that refuses old requests would refuse all.
   */
  readonly now: number;
}

/** What to remember by alert, undefined to forget it. */
export type Memory = ReadonlyMap<string, unknown>;

export interface Sent {
  readonly remember?: Memory;
  /** Recipients that will never take it, in words, while others took it. */
  readonly refusals?: readonly string[];
}

/** Who tells, for the reader of a message. */
export interface Teller {
  /** The hub's name. */
  readonly hub: string;
  /** Where its dashboard is. */
  readonly url: () => string;
}

/** A delivery did not succeed. The message is shown to people: nothing secret may be in it. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  /** Trying the same again cannot help. */
  readonly isFinal: boolean;
  /** The receiver asks for this much patience, ms; null where it does not say. */
  readonly retryAfterMs: number | null;
  /** HTTP status, where there was an answer. */
  readonly status: number | null;

  constructor(message: string, details: Partial<Pick<DeliveryError, 'isFinal' | 'retryAfterMs' | 'status'>> = {}) {
    super(message);
    this.isFinal = details.isFinal ?? false;
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.status = details.status ?? null;
  }
}
