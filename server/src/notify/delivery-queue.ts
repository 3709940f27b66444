import { backoffMs } from './backoff.js';
import { DeliveryError, type Memory, type Notifier, type SendContext } from './notifier.js';
import type { Outbox, Pending } from './outbox.js';

/** A receiver has this long to answer. */
export const SEND_TIMEOUT_MS = 10_000;
const NOTHING: Memory = new Map();

export interface DeliveryQueueContext {
  readonly name: string;
  readonly notifier: Notifier;
  readonly outbox: Outbox;
  /** Pause after everything that waited has been sent. Transitions that come meanwhile are sent together. */
  readonly minIntervalMs: number;
  readonly now: () => number;
  /**
   * Wall clock, which notifiers and the outbox get. Pauses and the status use `now`, a clock that never jumps.
   */
  readonly wallClock: () => number;
  readonly random: () => number;
  readonly log: Readonly<Record<'info' | 'warn' | 'error', (details: object, message: string) => void>>;
  readonly timeoutMs?: number;
}

/** State of a notifier since the hub started. */
export interface DeliveryQueueStatus {
  /** Transitions sent. */
  sent: number;
  /** Requests that failed, or that the receiver refused for some recipients. */
  failures: number;
  /** Transitions given up, because the receiver will never take them. */
  givenUp: number;
  lastSuccessAt: number | null;
  lastError: { readonly at: number; readonly message: string } | null;
  /** Requests that failed in a row until now. */
  failing: number;
  /**
   * No request is made before this time, because of a pause after a failure or a success. Null: there is no pause.
   */
  nextAttemptAt: number | null;
}

/**
 * One notifier and the transitions that wait for it. Sends one request at a time, in order. A slow or dead receiver
 * delays no other notifier. `tick` never waits.
 */
export class DeliveryQueue {
  readonly status: DeliveryQueueStatus = {
    sent: 0,
    failures: 0,
    givenUp: 0,
    lastSuccessAt: null,
    lastError: null,
    failing: 0,
    nextAttemptAt: null,
  };
  readonly #context: DeliveryQueueContext;
  readonly #ending = new AbortController();
  #busy: Promise<void> | null = null;
  #isDraining = false;
  /**
   * Batch that was sent or given up, until the outbox has removed it. If that fails, on a full disk for example, it
   * stays here and is not sent again.
   */
  #finished: { readonly batch: readonly Pending[]; readonly remember: Memory } | null = null;
  #repeatedAt = Number.NEGATIVE_INFINITY;

  constructor(context: DeliveryQueueContext) {
    this.#context = context;
  }

  get name(): string {
    return this.#context.name;
  }

  tick(): void {
    if (this.#busy !== null || this.#ending.signal.aborted) return;
    this.#busy = this.#work()
      .catch((error) =>
        this.#context.log.error(
          { err: error, notifier: this.name },
          'internal error in the delivery queue of a notifier',
        ),
      )
      .finally(() => (this.#busy = null));
  }

  /** Resolve when the work underway has ended: all that waited was sent, or a request failed. */
  async settled(): Promise<void> {
    await this.#busy;
  }

  /**
   * Send what waits, without the minimum interval, then end. Some may stay unsent: `signal` was aborted, a request
   * failed, or the pause after an earlier failure is not over. They stay in the outbox until the hub starts again.
   */
  async drain(signal: AbortSignal): Promise<void> {
    this.#isDraining = true;
    const end = () => this.#ending.abort(new Error('the hub is shutting down'));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    await this.settled();
    this.tick();
    await this.settled();
    end();
    await this.#context.notifier.close?.();
  }

  async #work(): Promise<void> {
    const { name, notifier, outbox, now, minIntervalMs } = this.#context;
    await this.#removeFinished();
    while (this.#isDue() && !this.#ending.signal.aborted) {
      const batch = outbox.take(name, notifier.maxBatch);
      if (batch.length === 0) break;
      if (!(await this.#deliver(batch))) return;
      // Batches that wait are sent without a pause. The interval begins after the last one.
      const isLast = outbox.pending(name) === 0;
      this.status.nextAttemptAt = isLast && minIntervalMs > 0 ? now() + minIntervalMs : null;
    }
    await this.#repeat();
  }

  #isDue(): boolean {
    const { nextAttemptAt, failing } = this.status;
    if (nextAttemptAt === null || this.#context.now() >= nextAttemptAt) return true;
    return this.#isDraining && failing === 0;
  }

  /** Return false if it must be tried again later. */
  async #deliver(batch: readonly Pending[]): Promise<boolean> {
    const { name, notifier } = this.#context;
    let remember = NOTHING;
    let refusals: readonly string[] = [];
    try {
      const transitions = batch.map(({ transition }) => transition);
      const sent = await this.#withTimeout((context) => notifier.send(transitions, context));
      remember = sent.remember ?? NOTHING;
      refusals = sent.refusals ?? [];
    } catch (error) {
      this.#failed(error);
      if (!(error instanceof DeliveryError && error.isFinal)) return false;
      this.status.givenUp += batch.length;
      this.#context.log.error(
        { notifier: name, transitions: batch.map(({ transition }) => transition.key) },
        `notifier ${name} gave up transitions: the receiver will never take them`,
      );
      this.status.nextAttemptAt = null;
      this.#finished = { batch, remember: NOTHING };
      await this.#removeFinished();
      return true;
    }
    this.status.sent += batch.length;
    this.#succeeded();
    if (refusals.length > 0) this.#refused(refusals.join('; '));
    this.#finished = { batch, remember };
    await this.#removeFinished();
    return true;
  }

  async #removeFinished(): Promise<void> {
    if (this.#finished === null) return;
    const { name, outbox, wallClock } = this.#context;
    await outbox.settle(name, this.#finished.batch, this.#finished.remember, wallClock());
    this.#finished = null;
  }

  async #repeat(): Promise<void> {
    const { name, notifier, outbox, now } = this.#context;
    const { repeatMs } = notifier;
    if (repeatMs === undefined || now() - this.#repeatedAt < repeatMs || !this.#isDue() || this.#isDraining) return;
    // A notifier keeps a memory of an alert only while the alert fires.
    const firing = outbox.memories(name) as Parameters<NonNullable<Notifier['repeat']>>[0];
    this.#repeatedAt = now();
    if (firing.length === 0) return;
    try {
      await this.#withTimeout(async (context) => notifier.repeat?.(firing, context));
      this.#succeeded();
    } catch (error) {
      this.#repeatedAt = Number.NEGATIVE_INFINITY;
      this.#failed(error);
    }
  }

  /** Bound the time of a request, even if the notifier ignores its signal. */
  async #withTimeout<Result>(action: (context: SendContext) => Promise<Result>): Promise<Result> {
    const { name, outbox, wallClock, timeoutMs = SEND_TIMEOUT_MS } = this.#context;
    const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(timeoutMs)]);
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    return await Promise.race([
      action({ signal, recall: (alertId) => outbox.recall(name, alertId), now: wallClock() }),
      aborted,
    ]);
  }

  #succeeded(): void {
    const { status, name } = this;
    if (status.failing > 0)
      this.#context.log.info({ notifier: name, failures: status.failing }, `notifier ${name} works again`);
    status.failing = 0;
    status.lastSuccessAt = this.#context.now();
    status.nextAttemptAt = null;
  }

  /** Record that the receiver took a message, but refused it for good for some recipients. */
  #refused(message: string): void {
    const { name, now, log } = this.#context;
    this.status.failures++;
    this.status.lastError = { at: now(), message };
    log.error({ notifier: name, refusals: message }, `notifier ${name}: the receiver refuses recipients`);
  }

  #failed(error: unknown): void {
    const { status, name } = this;
    const { now, random, log } = this.#context;
    if (this.#ending.signal.aborted) return;
    const message = sayWhy(error);
    status.failures++;
    status.failing++;
    status.lastError = { at: now(), message };
    const retryAfterMs = error instanceof DeliveryError ? error.retryAfterMs : null;
    status.nextAttemptAt = now() + backoffMs(status.failing, random(), retryAfterMs);
    if (status.failing === 1) log.warn({ notifier: name }, `notifier ${name} fails: ${message}`);
  }
}

/** Return why it failed, for people. The text has `code` and `message` only: other properties may contain secrets. */
function sayWhy(error: unknown): string {
  if (error instanceof DeliveryError) return error.message;
  const { name, code, message } = Object(error) as Partial<NodeJS.ErrnoException>;
  if (name === 'TimeoutError') return 'no answer in time';
  return [code, message].filter((part) => typeof part === 'string' && part !== '').join(': ') || 'no reason given';
}
