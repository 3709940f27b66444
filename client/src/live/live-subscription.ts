import { HEARTBEAT_MS } from '@auralis/shared/limits';
import type { CatalogueEntry, Frame, Request } from '@auralis/shared/messages';
import { guarded } from '../guard.js';
import { MergedRows, Shape } from './merged-rows.js';
import type {
  Behind,
  Change,
  LiveRow,
  OnChange,
  Subscription,
  SubscriptionError,
  SubscriptionOptions,
} from './types.js';

/** A RESYNC that has brought nothing for this long, while deltas go on, was lost or refused: ask once more. */
const RESYNC_AGAIN_MS = 5_000;
const DEFAULT_INTERVAL_MS = 1_000;

/** A subscription's client. `send` returns false without a connection: everything is sent anew with the next one. */
export interface Requester {
  send(request: Request): boolean;
  now(): number;
  forget(subscription: LiveSubscription): void;
}

/** One subscription over all connections of its client. */
export class LiveSubscription implements Subscription {
  readonly sub: number;
  readonly topic: string;
  /** The hub's number for it on this connection; null before SUBSCRIBED. */
  channel: number | null = null;
  error: SubscriptionError | null = null;
  behind: Behind | null = null;

  readonly #requester: Requester;
  readonly #options: SubscriptionOptions;
  readonly #onChange: OnChange;
  readonly #merged = new MergedRows();
  /** When a snapshot was asked for, by source. */
  readonly #asked = new Map<string, number>();
  #ended = false;

  constructor(requester: Requester, sub: number, topic: string, options: SubscriptionOptions, onChange: OnChange) {
    this.#requester = requester;
    this.sub = sub;
    this.topic = topic;
    this.#options = options;
    this.#onChange = onChange;
  }

  get rows(): ReadonlyMap<string, LiveRow> {
    return this.#merged.rows;
  }

  get total(): number {
    return this.#merged.total;
  }

  get ready(): boolean {
    return this.channel !== null && !this.#merged.outdated;
  }

  get columns(): readonly CatalogueEntry[] {
    return this.#merged.shape.columns;
  }

  get attributes(): readonly string[] {
    return this.#merged.shape.attributes;
  }

  /**
   * How much older the rows are at `now`, by the hub's clock, than the protocol lets them be. Negative: not at all.
   */
  overdueMs(now: number): number {
    const due = Math.max(this.#options.intervalMs ?? DEFAULT_INTERVAL_MS, HEARTBEAT_MS);
    return now - (this.#merged.oldestT ?? Number.POSITIVE_INFINITY) - due;
  }

  unsubscribe(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#requester.forget(this);
    // A refused subscription need not be ended.
    if (this.channel !== null || this.error === null) this.#requester.send({ kind: 'unsubscribe', sub: this.sub });
  }

  resync(): void {
    if (this.ready) this.#requester.send({ kind: 'resync', sub: this.sub, source: null });
  }

  /** Sends SUBSCRIBE: on each new connection, and again when the hub has refused it as too fast. */
  request(): void {
    this.error = null;
    const { intervalMs = DEFAULT_INTERVAL_MS, columns, view } = this.#options;
    const options = { ...(columns && { columns }), ...(view && { view }), ack: true };
    this.#requester.send({ kind: 'subscribe', sub: this.sub, topic: this.topic, intervalMs, options });
  }

  subscribed(channel: number, columns: readonly CatalogueEntry[], attributes: readonly string[]): void {
    this.channel = channel;
    this.error = null;
    this.#merged.begin(new Shape(columns, attributes));
  }

  /** The connection is gone, and the channel with it; the rows stay. */
  lost(): void {
    this.channel = null;
    this.behind = null;
    this.#asked.clear();
  }

  refused(error: SubscriptionError): void {
    this.error = error;
    this.#tellNothingChanged();
  }

  skipped(behind: Behind): void {
    this.behind = behind;
    this.#tellNothingChanged();
  }

  frame(frame: Frame): void {
    if (frame.kind === 'snapshot') this.behind = null;
    const change = this.#merged.apply(frame);
    if (change === 'gap') this.#askFor(frame.source);
    else if (change !== null) {
      if (change.reset) {
        this.#asked.delete(frame.source);
        this.error = null;
      }
      this.#tell(change);
    }
  }

  gone(source: string): void {
    this.#asked.delete(source);
    this.#tell(this.#merged.forget(source));
  }

  /** Every delta until the snapshot is a gap too: ask once. */
  #askFor(source: string): void {
    const now = this.#requester.now();
    if (now - (this.#asked.get(source) ?? Number.NEGATIVE_INFINITY) < RESYNC_AGAIN_MS) return;
    this.#asked.set(source, now);
    this.#requester.send({ kind: 'resync', sub: this.sub, source });
  }

  #tellNothingChanged(): void {
    this.#tell({ reset: false, added: [], removed: [], changed: new Set(), t: this.#requester.now() });
  }

  #tell(change: Change | null): void {
    if (change !== null && !this.#ended) guarded(this.#onChange, change);
  }
}
