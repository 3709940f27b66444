import {
  decodeResponse,
  encodeRequest,
  HEARTBEAT_MS,
  type Request,
  type Response,
  type Welcome,
} from '@auralis/shared';
import { Link } from './link.js';
import { LiveView, type ViewChange, type Wish } from './live-view.js';

/** Frames take their time on the way; up to this they are not late. */
const SLACK_MS = 750;
/** A hub owes a message at each interval; this much later it is dead. */
const DEAD_AFTER_MS = 5_000;
const LONGEST_INTERVAL_MS = 5_000;

/** How the connection stands. `sinceMs`: since 1970, by this machine's clock. */
export type Status =
  | { readonly kind: 'connecting'; readonly sinceMs: number; readonly why: string | null }
  | { readonly kind: 'live' }
  /** Rows are this much older than they should be: this side reads slowly, or the hub is late. */
  | { readonly kind: 'behind'; readonly byMs: number }
  /** Rows are the last known. */
  | { readonly kind: 'reconnecting'; readonly sinceMs: number; readonly why: string }
  | { readonly kind: 'ended'; readonly why: string };

export interface LiveEvents {
  /** A WELCOME came: a new connection. */
  welcomed?(welcome: Welcome): void;
  /** A try failed, or the connection was lost. `again`: it goes on by itself. */
  lost?(why: string, again: boolean): void;
  /** A view's rows changed. */
  changed?(view: LiveView, change: ViewChange): void;
  behind?(view: LiveView, skipped: number, behindMs: number): void;
  refused?(view: LiveView, message: string): void;
}

/**
 * A dashboard's side of the live protocol: views of a hub's tables, kept true over gaps, slowness and reconnections.
 */
export class LiveConnection {
  /** The hub's WELCOME on this connection or the last one; null before the first. */
  welcome: Welcome | null = null;
  readonly #events: LiveEvents;
  readonly #link: Link;
  readonly #views = new Map<number, LiveView>();
  #nextSub = 1;
  #welcomed = false;
  /** Since when there is no connection, and why; null while there is one. */
  #down: { readonly sinceMs: number; readonly why: string | null; readonly again: boolean } | null = null;

  /** `url`: of `/api/v1/live`, see `liveUrl`. `token`: for a hub that asks for one. Connects at once. */
  constructor(url: URL, token: string | null, events: LiveEvents) {
    this.#events = events;
    this.#down = { sinceMs: Date.now(), why: null, again: true };
    this.#link = new Link(url, token, LONGEST_INTERVAL_MS + DEAD_AFTER_MS, {
      opened: () => {},
      received: (wire) => this.#response(decodeResponse(wire)),
      lost: (why, again) => this.#lost(why, again),
    });
    this.#link.open();
  }

  get status(): Status {
    if (this.#down === null) {
      const byMs = this.#behindMs();
      return byMs > 0 ? { kind: 'behind', byMs } : { kind: 'live' };
    }
    const { sinceMs, why, again } = this.#down;
    if (!again) return { kind: 'ended', why: why ?? '' };
    if (this.welcome === null) return { kind: 'connecting', sinceMs, why };
    return { kind: 'reconnecting', sinceMs, why: why ?? '' };
  }

  /** Subscribes, on this connection and each that follows, until `end`. */
  view(wish: Wish): LiveView {
    const view = new LiveView(this.#nextSub++, wish);
    this.#views.set(view.sub, view);
    if (this.#welcomed) this.#subscribe(view);
    return view;
  }

  end(view: LiveView): void {
    this.#views.delete(view.sub);
    // One that was refused is not there to be ended.
    if (this.#welcomed && view.error === null) this.#send({ kind: 'unsubscribe', sub: view.sub });
  }

  pause(): void {
    this.#link.pause();
  }

  resume(): void {
    this.#link.resume();
  }

  /** Ends the connection for good. Rows stay readable. */
  close(): void {
    this.#link.close();
  }

  #response(response: Response): void {
    switch (response.kind) {
      case 'welcome':
        this.welcome = response.welcome;
        this.#welcomed = true;
        this.#down = null;
        for (const view of this.#views.values()) this.#subscribe(view);
        this.#events.welcomed?.(response.welcome);
        break;
      case 'subscribed': {
        const catalogue = new Map(this.welcome?.catalogue.map((entry) => [entry.id, entry]));
        const columns = response.columns.flatMap((id) => catalogue.get(id) ?? []);
        this.#views.get(response.sub)?.subscribed(response.channel, columns, response.attributes);
        break;
      }
      case 'snapshot':
      case 'delta':
        this.#frame(response);
        break;
      case 'gone':
        for (const view of this.#of(response.channel)) {
          this.#events.changed?.(view, view.gone(response.source, Date.now()));
        }
        break;
      case 'behind':
        for (const view of this.#of(response.channel)) {
          view.isBehind = true;
          this.#events.behind?.(view, response.skipped, response.behindMs);
        }
        break;
      case 'pong':
        break;
      case 'error': {
        const view = response.sub === null ? undefined : this.#views.get(response.sub);
        view?.refused(response.message);
        if (view !== undefined) this.#events.refused?.(view, response.message);
      }
    }
  }

  /** Acknowledged after it was dealt with: a terminal that is slow is behind, however fast its network. */
  #frame(frame: Extract<Response, { kind: 'snapshot' | 'delta' }>): void {
    const { channel, source, seq } = frame;
    const views = this.#of(channel);
    for (const view of views) {
      const change = view.frame(frame, (from) => this.#send({ kind: 'resync', sub: view.sub, source: from }));
      if (change !== null) this.#events.changed?.(view, change);
    }
    if (views.length > 0) this.#send({ kind: 'ack', channel, source, seq });
  }

  #lost(why: string, again: boolean): void {
    this.#welcomed = false;
    this.#down = { sinceMs: this.#down?.sinceMs ?? Date.now(), why, again };
    for (const view of this.#views.values()) view.lost();
    this.#events.lost?.(why, again);
  }

  /** How much later than it should the stalest view's last frame is; 0 when live. */
  #behindMs(): number {
    const now = performance.now();
    let most = 0;
    for (const view of this.#views.values()) {
      if (!view.isCurrent) continue;
      const age = now - view.frameAt;
      const due = Math.max(view.wish.intervalMs, HEARTBEAT_MS) + SLACK_MS;
      if (view.isBehind || age > due) most = Math.max(most, age);
    }
    return most;
  }

  #subscribe(view: LiveView): void {
    const { topic, intervalMs, columns, view: rows } = view.wish;
    const options = { ...(columns && { columns }), ...(rows && { view: rows }), ack: true };
    this.#send({ kind: 'subscribe', sub: view.sub, topic, intervalMs, options });
  }

  #send(request: Request): void {
    this.#link.send(encodeRequest(request, 'msgpack'));
  }

  /** Subscriptions to the same thing share a channel. */
  #of(channel: number): readonly LiveView[] {
    return [...this.#views.values()].filter((view) => view.channel === channel);
  }
}
