import { CLOSE, TOKEN_ADVICE } from '@auralis/shared';
import { LiveClient } from '../live/live-client.js';
import type { OnChange, Subscription, SubscriptionOptions } from '../live/types.js';
import { type HubError, refusedBy, unreachable } from './hub-error.js';
import { liveUrl } from './hub-url.js';
import { NodeSocket } from './node-socket.js';

/** The state of the connection. `sinceMs` is in ms since 1970, by this machine's clock. */
export type Status =
  | { readonly kind: 'connecting'; readonly why: string | null }
  | { readonly kind: 'live' }
  /** Rows are this much older than they should be, because this side reads slowly or the hub is late. */
  | { readonly kind: 'behind'; readonly byMs: number }
  /** Rows are the last known ones. */
  | { readonly kind: 'reconnecting'; readonly sinceMs: number; readonly why: string }
  | { readonly kind: 'ended'; readonly why: string };

/** The request to the hub. See SUBSCRIBE in PROTOCOL.md. */
export interface Wish extends SubscriptionOptions {
  readonly topic: string;
}

/**
 * The live client of a command. It tells in words why there is no connection. It ends where a server refuses the first
 * try.
 */
export class HubLink {
  readonly live: LiveClient;
  readonly #url: string;
  #lostAtMs = 0;

  /** Connects at once. `url` is the hub's. `changed` is called when `status` changes, except by the passage of time. */
  constructor(url: string, token: string | null, changed: () => void) {
    this.#url = url;
    this.live = new LiveClient(liveUrl(url).href, { WebSocket: NodeSocket, token: token ?? '' });
    let isDown = false;
    this.live.onState((state) => {
      if (state === 'reconnecting' && !isDown) this.#lostAtMs = Date.now();
      isDown = state === 'reconnecting';
      if (state === 'connecting' && this.#isRefused) this.live.close();
      else changed();
    });
  }

  get status(): Status {
    const { live } = this;
    switch (live.state) {
      case 'connecting':
        return { kind: 'connecting', why: live.loss === null ? null : this.#why };
      case 'reconnecting':
        return { kind: 'reconnecting', sinceMs: this.#lostAtMs, why: this.#why };
      case 'closed':
        return { kind: 'ended', why: this.#why };
      default: {
        const byMs = live.behindMs;
        return live.state === 'behind' || byMs > 0 ? { kind: 'behind', byMs } : { kind: 'live' };
      }
    }
  }

  /** The error of a command that cannot wait for the hub. Null until the first try has ended, and while connected. */
  get error(): HubError | null {
    if (this.live.loss === null) return null;
    return this.live.state === 'closed' ? refusedBy(this.#url, this.#why) : unreachable(this.#url, this.#why);
  }

  /** Subscribes on this connection and on each later one. */
  follow(wish: Wish, onChange: OnChange): Subscription {
    return this.live.subscribe(wish.topic, wish, onChange);
  }

  /** A server that refuses the first try by an HTTP status like this refuses the next ones too. */
  get #isRefused(): boolean {
    const status = this.live.loss?.code ?? 0;
    return status >= 400 && status < 500 && status !== 408 && status !== 429;
  }

  get #why(): string {
    const { code, reason } = this.live.loss ?? { code: 0, reason: '' };
    if (reason === '') return 'the connection was lost';
    if (code === CLOSE.NOT_ALLOWED) return `${reason}; ${TOKEN_ADVICE}`;
    // An HTTP status or an error of the network says by itself what it is.
    return code < 1000 || code === ABNORMAL ? reason : `closed with ${code}: ${reason}`;
  }
}

/** The close code of a connection that no side closed. */
const ABNORMAL = 1006;

/** The hub will not send these rows. If it only asks to be asked later, the client does so by itself. */
export const isRefused = ({ error }: Pick<Subscription, 'error'>): boolean =>
  error !== null && error.code !== 'too_fast';
