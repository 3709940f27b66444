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

/** Frames need time on the way. A delay up to this one is not late. */
const SLACK_MS = 750;
/** The hub owes a message in each interval. When one is this much overdue, the hub counts as dead. */
const DEAD_AFTER_MS = 5_000;
const LONGEST_INTERVAL_MS = 5_000;

/** The state of the connection. `sinceMs` is in ms since 1970, by this machine's clock. */
export type Status =
  | { readonly kind: 'connecting'; readonly sinceMs: number; readonly why: string | null }
  | { readonly kind: 'live' }
  /** Rows are this much older than they should be, because this side reads slowly or the hub is late. */
  | { readonly kind: 'behind'; readonly byMs: number }
  /** Rows are the last known ones. */
  | { readonly kind: 'reconnecting'; readonly sinceMs: number; readonly why: string }
  | { readonly kind: 'ended'; readonly why: string };

export interface LiveEvents {
  /** Called with the WELCOME of each new connection. */
  welcomed?(welcome: Welcome): void;
  /** Called when a try failed or the connection was lost. `again` tells whether another try follows. */
  lost?(why: string, again: boolean): void;
  /** Called when the rows of a view changed. */
  changed?(view: LiveView, change: ViewChange): void;
  behind?(view: LiveView, skipped: number, behindMs: number): void;
  refused?(view: LiveView, message: string): void;
}

/**
 * The client's side of the live protocol. It keeps views of a hub's tables true over gaps, slowness and
 * reconnections.
 */
export class LiveConnection {
  /** The WELCOME of this connection or of the last one. Null before the first. */
  welcome: Welcome | null = null;
  readonly #events: LiveEvents;
  readonly #link: Link;
  readonly #views = new Map<number, LiveView>();
  #nextSub = 1;
  #welcomed = false;
  /** The start and the reason of a lost connection. Null while connected. */
  #down: { readonly sinceMs: number; readonly why: string | null; readonly again: boolean } | null = null;

  /** Connects at once. `url` is that of `/api/v1/live` (see `liveUrl`). `token` is for a hub that asks for one. */
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

  /** Subscribes on this connection and on each later one, until `end`. */
  view(wish: Wish): LiveView {
    const view = new LiveView(this.#nextSub++, wish);
    this.#views.set(view.sub, view);
    if (this.#welcomed) this.#subscribe(view);
    return view;
  }

  end(view: LiveView): void {
    this.#views.delete(view.sub);
    // A refused subscription has nothing to end.
    if (this.#welcomed && view.error === null) this.#send({ kind: 'unsubscribe', sub: view.sub });
  }

  pause(): void {
    this.#link.pause();
  }

  resume(): void {
    this.#link.resume();
  }

  /** Ends the connection for good. The rows stay readable. */
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

  /**
   * A frame is acknowledged after it was handled. A slow terminal therefore falls behind, however fast its network
   * is.
   */
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

  /** The delay of the stalest view's last frame, in ms. 0 when live. */
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

  /** Equal subscriptions share a channel. */
  #of(channel: number): readonly LiveView[] {
    return [...this.#views.values()].filter((view) => view.channel === channel);
  }
}
