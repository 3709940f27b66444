import { SUBSCRIBES_WINDOW_MS } from '@auralis/shared/limits';
import { decodeResponse, encodeRequest } from '@auralis/shared/live-codec';
import {
  type CatalogueEntry,
  type Frame,
  type LiveForm,
  type Request,
  type Response,
  SUBPROTOCOLS,
  type Welcome,
} from '@auralis/shared/messages';
import { HubClock } from '../clock.js';
import { Connection, socketUrl } from '../connection.js';
import { guarded } from '../guard.js';
import { defaultRuntime, type Runtime, type Socket, type SocketConstructor } from '../runtime.js';
import { protocolsWith } from '../token.js';
import { Acks } from './acks.js';
import { Catalogue } from './catalogue.js';
import { LiveSubscription } from './live-subscription.js';
import type { LiveClientOptions, LiveState, Loss, OnChange, Subscription, SubscriptionOptions } from './types.js';
import { Watch } from './watch.js';

/** Frames take their time on the way; up to this they are not late. */
const SLACK_MS = 500;

/** A dashboard's connection to a hub: subscribes to tables and keeps their rows as they are now. */
export class LiveClient {
  state: LiveState = 'connecting';
  /** The hub's WELCOME on this connection or the last one; null before the first. */
  hub: Welcome | null = null;
  /**
   * WebSocket close code that ended this client for good (0 where the URL is none; 4101: a token is needed, or
   * another), else null.
   */
  closeCode: number | null = null;
  /** How the last connection or try ended; null before that, and while the hub is there. */
  loss: Loss | null = null;

  readonly #form: LiveForm;
  readonly #runtime: Runtime;
  readonly #connection: Connection;
  readonly #watch: Watch;
  readonly #subscriptions = new Map<number, LiveSubscription>();
  readonly #listeners = new Set<(state: LiveState) => void>();
  #nextSub = 1;
  #clock = new HubClock();
  /** Until the first PONG: the hub's clock in WELCOME minus this one when it came. */
  #offsetMs = 0;
  #welcomed = false;
  readonly #acks = new Acks((ack) => this.#send(ack));
  #catalogue = new Catalogue([]);
  /** Runs while a subscription waits because it was refused as too fast. */
  #retryTimer: unknown = null;

  /** `url`: `ws(s)://host/api/v1/live`; `api/v1/live` beside the page without. */
  constructor(url = 'api/v1/live', options: LiveClientOptions = {}) {
    this.#form = options.form ?? 'msgpack';
    this.#runtime = options.runtime ?? defaultRuntime;
    const connect = (): Socket => {
      const Socket = options.WebSocket ?? (WebSocket as unknown as SocketConstructor);
      return new Socket(socketUrl(url).href, protocolsWith(SUBPROTOCOLS[this.#form], options.token ?? ''));
    };
    this.#connection = new Connection(
      connect,
      {
        opened: () => this.#watch.start(),
        received: (data) => this.#received(data),
        lost: (code, again, reason) => this.#lost(code, again, reason),
      },
      this.#runtime,
    );
    this.#watch = new Watch(
      {
        ping: () => this.#send({ kind: 'ping', t: this.#runtime.now() }),
        dead: () => this.#connection.drop('the hub went silent'),
        expectsFrames: () => !this.#welcomed || [...this.#subscriptions.values()].some((each) => each.ready),
      },
      this.#runtime,
    );
    this.#connection.open();
  }

  /** Calls back at each change of `state` and at each `loss`; returns what ends that. */
  onState(callback: (state: LiveState) => void): () => void {
    this.#listeners.add(callback);
    return () => this.#listeners.delete(callback);
  }

  /** The catalogue's columns of a table, in its order; empty before WELCOME. */
  columns(table: string): readonly CatalogueEntry[] {
    return this.#catalogue.table(table);
  }

  /** The hub's clock now, ms since 1970, as estimated; this machine's own before WELCOME. */
  now(): number {
    const now = this.#runtime.now();
    return now + (this.#clock.estimate(now)?.offsetMs ?? this.#offsetMs);
  }

  /** How much older the stalest rows are than they should be, in ms; 0 when live. */
  get behindMs(): number {
    const now = this.now();
    let most = 0;
    for (const subscription of this.#subscriptions.values()) most = Math.max(most, subscription.overdueMs(now));
    return most > SLACK_MS ? most : 0;
  }

  /**
   * `topic`: a table's name, or `connections/<stream>`. `onChange` is called at each frame. A refusal of the hub is
   * in the subscription's `error`.
   */
  subscribe(topic: string, options: SubscriptionOptions, onChange: OnChange): Subscription {
    const requester = {
      send: (request: Request) => this.#welcomed && this.#send(request),
      now: () => this.now(),
      forget: (ended: LiveSubscription) => this.#forget(ended),
    };
    const subscription = new LiveSubscription(requester, this.#nextSub++, topic, options, onChange);
    this.#subscriptions.set(subscription.sub, subscription);
    subscription.request();
    return subscription;
  }

  /** Confirms no frame until `resume`: the hub then skips frames, and says so, as for a client that is slow. */
  pause(): void {
    this.#acks.hold();
  }

  resume(): void {
    this.#acks.release();
  }

  /** Ends the connection for good. Rows stay readable. */
  close(): void {
    this.#connection.close();
    this.#down();
    this.#setState('closed');
  }

  #send(request: Request): boolean {
    return this.#connection.send(encodeRequest(request, this.#form));
  }

  #received(data: ArrayBuffer | string): void {
    this.#watch.heard();
    try {
      this.#response(decodeResponse(typeof data === 'string' ? data : new Uint8Array(data)));
    } catch (error) {
      // An unreadable message leaves rows that cannot be trusted.
      this.#connection.drop(`not understood: ${(error as Error).message}`);
    }
  }

  #response(response: Response): void {
    switch (response.kind) {
      case 'welcome':
        this.#welcome(response.welcome);
        break;
      case 'subscribed': {
        const { sub, channel, columns, attributes } = response;
        this.#subscriptions.get(sub)?.subscribed(channel, this.#catalogue.columns(columns), attributes);
        break;
      }
      case 'snapshot':
      case 'delta':
        this.#frame(response);
        break;
      case 'gone':
        for (const subscription of this.#of(response.channel)) subscription.gone(response.source);
        break;
      case 'behind':
        this.#skipped(response);
        break;
      case 'pong': {
        const { t, now } = response;
        this.#clock.add({ t0: t, t1: now, t2: now, t3: this.#runtime.now() });
        break;
      }
      case 'error': {
        const { sub, code, message } = response;
        if (sub === null) console.warn(`Auralis: ${code}, ${message}`);
        else this.#subscriptions.get(sub)?.refused({ code, message });
        if (sub !== null && code === 'too_fast') this.#retryLater();
      }
    }
  }

  #welcome(welcome: Welcome): void {
    this.hub = welcome;
    this.#catalogue = new Catalogue(welcome.catalogue);
    this.#clock = new HubClock();
    this.#offsetMs = welcome.now - this.#runtime.now();
    this.#welcomed = true;
    this.loss = null;
    this.#watch.ping();
    for (const subscription of this.#subscriptions.values()) subscription.request();
    this.#setLive();
  }

  /** Acknowledged after the page has dealt with it: a page that is slow is behind, however fast its network. */
  #frame(frame: Frame): void {
    const subscriptions = this.#of(frame.channel);
    for (const subscription of subscriptions) subscription.frame(frame);
    if (this.state === 'behind') this.#setLive();
    if (subscriptions.length > 0) this.#acks.confirm(frame);
  }

  #skipped({ channel, skipped, behindMs }: Extract<Response, { kind: 'behind' }>): void {
    for (const subscription of this.#of(channel)) subscription.skipped({ skipped, behindMs });
    this.#setLive();
  }

  /** Subscriptions with equal topic, interval, columns and view share a channel. */
  #of(channel: number): readonly LiveSubscription[] {
    return [...this.#subscriptions.values()].filter((subscription) => subscription.channel === channel);
  }

  #forget(ended: LiveSubscription): void {
    this.#subscriptions.delete(ended.sub);
    if (this.state === 'behind') this.#setLive();
  }

  #lost(code: number, again: boolean, reason: string): void {
    this.#down();
    this.loss = { code, reason };
    if (!again) this.closeCode = code;
    this.#tell(!again ? 'closed' : this.hub === null ? 'connecting' : 'reconnecting');
  }

  /** Others of this address may have used up its SUBSCRIBEs. After this time the hub counts them anew. */
  #retryLater(): void {
    this.#retryTimer ??= this.#runtime.setTimeout(() => {
      this.#retryTimer = null;
      for (const subscription of this.#subscriptions.values()) {
        if (subscription.error?.code === 'too_fast') subscription.request();
      }
    }, SUBSCRIBES_WINDOW_MS);
  }

  #down(): void {
    this.#runtime.clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    this.#watch.stop();
    this.#welcomed = false;
    this.#acks.lost();
    for (const subscription of this.#subscriptions.values()) subscription.lost();
  }

  #setLive(): void {
    const isBehind = [...this.#subscriptions.values()].some(({ behind }) => behind !== null);
    this.#setState(isBehind ? 'behind' : 'live');
  }

  #setState(state: LiveState): void {
    if (state !== this.state) this.#tell(state);
  }

  #tell(state: LiveState): void {
    this.state = state;
    for (const listener of this.#listeners) guarded(listener, state);
  }
}
