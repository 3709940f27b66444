import type { Transition } from '../alerts/alert.js';

/** Sends transitions in one protocol. */
export interface Notifier {
  /** Transitions that one request can carry. */
  readonly maxBatch: number;
  /**
   * Send `batch`, oldest first. It may be sent again if success was not seen.
   * @throws DeliveryError, or anything else, if it did not succeed
   */
  send(batch: readonly Transition[], context: SendContext): Promise<Sent>;
  /**
   * How often all firing alerts are sent again, if the receiver forgets them otherwise. `send` must then remember the
   * transition of each firing alert.
   */
  readonly repeatMs?: number;
  repeat?(firing: readonly Transition[], context: SendContext): Promise<void>;
  close?(): Promise<void>;
}

export interface SendContext {
  /** Aborts when it has taken too long, or the hub ends. */
  readonly signal: AbortSignal;
  /** Return what an earlier `send` remembered of this alert. It survives the hub. */
  readonly recall: (alertId: string) => unknown;
  /**
   * Wall clock of the machine, ms since 1970. The hub's own clock never jumps, so it is off after the machine slept
   * or its time was set. A receiver that refuses old requests would refuse all.
   */
  readonly now: number;
}

/** Values to remember by alert; undefined to forget. */
export type Memory = ReadonlyMap<string, unknown>;

export interface Sent {
  readonly remember?: Memory;
  /** Recipients that will never take it, in words, although others took it. */
  readonly refusals?: readonly string[];
}

/** The hub that sends, for the reader of a message. */
export interface Teller {
  /** The hub's name. */
  readonly hub: string;
  /** URL of its dashboard. */
  readonly url: () => string;
}

/** A delivery did not succeed. The message is shown to people and must contain no secret. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  /** Trying the same again cannot help. */
  readonly isFinal: boolean;
  /** Pause that the receiver asks for, ms, or null. */
  readonly retryAfterMs: number | null;
  /** HTTP status, if there was an answer. */
  readonly status: number | null;

  constructor(message: string, details: Partial<Pick<DeliveryError, 'isFinal' | 'retryAfterMs' | 'status'>> = {}) {
    super(message);
    this.isFinal = details.isFinal ?? false;
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.status = details.status ?? null;
  }
}
