import {
  CLOSE,
  decodeRequest,
  encodeResponse,
  LEAST_LIVE_REQUESTS_PER_S,
  LEAST_REFUSALS_PER_MIN,
  LEAST_SUBSCRIBES_PER_5_S,
  type LiveForm,
  MAX_LIVE_BACKLOG_BYTES,
  MAX_LIVE_REQUESTS_PER_S,
  MAX_REFUSALS_PER_MIN,
  MAX_SUBSCRIBES_PER_5_S,
  MAX_SUBSCRIPTIONS_PER_SOCKET,
  type Request,
  RequestError,
  SUBSCRIBES_WINDOW_MS,
  type Wire,
} from '@auralis/shared';
import type { KeptAllowances } from '../limits/kept-allowances.js';
import type { Holders } from '../limits/places.js';
import { SocketAllowance } from '../limits/socket-allowance.js';
import type { HubCounters } from '../state/counters.js';
import type { Allowance } from '../time/windows.js';
import { type Peer, SEND, type SendStatus, type SocketHandler } from '../transport/transport.js';
import type { Channel } from './channel.js';
import type { Subscriber, Subscription } from './subscription.js';
import type { Waiting, WaitingSocket } from './waiting.js';

/** The hub, as a dashboard's socket sees it. */
export interface LiveDesk {
  readonly now: () => number;
  /** Wall clock that dashboards are told, ms since 1970. */
  wallNow(): number;
  opened(session: LiveSession): void;
  closed(session: LiveSession): void;
  welcome(form: LiveForm): Wire;
  /** @throws RequestError */
  subscribe(session: LiveSession, request: SubscribeRequest, now: number): Subscription<Channel>;
  unsubscribe(subscription: Subscription<Channel>): void;
  /** Send a subscription its SNAPSHOT when its turn comes. */
  queueSnapshot(subscription: Subscription<Channel>): void;
  readonly waiting: Waiting;
  readonly allowances: KeptAllowances<UsedLiveAllowances>;
}

/** How much of each allowance a socket has used. The next socket of its address starts from that. */
export interface UsedLiveAllowances {
  readonly requests: Allowance;
  readonly subscribes: Allowance;
  readonly refusals: Allowance;
}

/** Earlier sockets of the address have used up the allowance. This refusal does not count as the socket's own. */
class InheritedTooFast extends RequestError {}

export type SubscribeRequest = Extract<Request, { kind: 'subscribe' }>;

/** One dashboard's socket: its requests and its subscriptions. */
export class LiveSession implements SocketHandler, Subscriber, WaitingSocket {
  readonly form: LiveForm;
  /** Address and token that its place, and the places of its channels, count for. The address is the first. */
  readonly holders: Holders;
  readonly counters: HubCounters;
  waiting = 0;
  progressAt = 0;
  waitingSince = 0;
  lastSignAt = Number.NEGATIVE_INFINITY;
  readonly #live: LiveDesk;
  readonly #subscriptions = new Map<number, Subscription<Channel>>();
  readonly #requests = new SocketAllowance(MAX_LIVE_REQUESTS_PER_S, LEAST_LIVE_REQUESTS_PER_S, 1000);
  readonly #subscribes = new SocketAllowance(MAX_SUBSCRIBES_PER_5_S, LEAST_SUBSCRIBES_PER_5_S, SUBSCRIBES_WINDOW_MS);
  readonly #refusals = new SocketAllowance(MAX_REFUSALS_PER_MIN, LEAST_REFUSALS_PER_MIN, 60_000);
  #peer: Peer | null = null;
  /** `closing`: the hub closes this socket, because it made no progress or takes memory that others need. */
  #state: 'open' | 'closing' = 'open';

  constructor(live: LiveDesk, form: LiveForm, holders: Holders, counters: HubCounters) {
    this.#live = live;
    this.form = form;
    this.holders = holders;
    this.counters = counters;
  }

  get address(): string {
    return this.holders[0];
  }

  /** The socket. Throws before `onOpen`. */
  get peer(): Peer {
    if (this.#peer === null) throw new Error('the session is not open');
    return this.#peer;
  }

  onOpen(peer: Peer): void {
    this.#peer = peer;
    this.lastSignAt = this.#live.now();
    this.#inherit(this.#live.allowances.take(this.address, this.lastSignAt));
    this.#live.opened(this);
    this.send(this.#live.welcome(this.form));
  }

  onMessage(peer: Peer, data: Uint8Array, isBinary: boolean): void {
    const now = this.#live.now();
    this.lastSignAt = now;
    try {
      spend(this.#requests, now, `at most ${MAX_LIVE_REQUESTS_PER_S} requests a second`);
      this.#act(decodeRequest(isBinary ? data : Buffer.from(data).toString()), now);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.#refuse(peer, error, now);
    }
  }

  onPong(): void {
    this.lastSignAt = this.#live.now();
  }

  onDrain(): void {
    this.look();
  }

  send(message: Wire): SendStatus {
    const status = this.peer.send(message);
    if (status !== SEND.SENT || this.waiting > 0) this.look();
    return status;
  }

  look(): number {
    const backlog = this.peer.backlog();
    this.#live.waiting.note(this, backlog, this.#live.now());
    return backlog;
  }

  hasRoom(bytes: number): boolean {
    // Others of its address may take all the room, so a socket in which nothing waits always gets this much.
    if (this.waiting === 0 && bytes <= MAX_LIVE_BACKLOG_BYTES) return true;
    return this.#live.waiting.hasRoom(this, bytes);
  }

  onClose(_peer: Peer, _code: number, oversize: boolean): void {
    if (oversize) this.counters.add('messages_oversize');
    for (const subscription of this.#subscriptions.values()) this.#live.unsubscribe(subscription);
    this.#subscriptions.clear();
    this.#live.waiting.note(this, 0, this.#live.now());
    const used = { requests: this.#requests.used, subscribes: this.#subscribes.used, refusals: this.#refusals.used };
    this.#live.allowances.leave(this.address, used, this.#live.now());
    this.#live.closed(this);
  }

  closeStalled(): void {
    if (this.#state === 'closing') return;
    this.#state = 'closing';
    this.counters.add('stalled_closed');
    this.peer.close(CLOSE.STALLED, 'no progress');
  }

  /** Other dashboards need the memory that this one takes. */
  closeOverloaded(): void {
    if (this.#state === 'closing') return;
    this.#state = 'closing';
    this.counters.add('dashboards_shed');
    this.close(CLOSE.OVERLOAD, 'the hub is short of memory for dashboards, and closes those that read slowly');
  }

  close(code: number, reason: string): void {
    this.peer.close(code, reason);
  }

  #inherit(used: UsedLiveAllowances | null): void {
    if (used === null) return;
    this.#requests.inherit(used.requests);
    this.#subscribes.inherit(used.subscribes);
    this.#refusals.inherit(used.refusals);
  }

  /**
   * Count a refusal and answer it. A socket that causes too many refusals is closed. If earlier sockets of the address
   * have used up the refusals that are answered, this one is not answered.
   */
  #refuse(peer: Peer, error: RequestError, now: number): void {
    this.counters.add('messages_refused');
    const verdict = error instanceof InheritedTooFast ? 'allowed' : this.#refusals.take(now);
    if (verdict === 'own') peer.close(CLOSE.TOO_MANY_REFUSALS, 'too many refusals');
    if (verdict !== 'allowed') return;
    const { sub, code, message } = error;
    this.send(encodeResponse({ kind: 'error', sub, code, message }, this.form));
  }

  #act(request: Request, now: number): void {
    switch (request.kind) {
      case 'subscribe':
        this.#subscribe(request, now);
        break;
      case 'unsubscribe':
        this.#live.unsubscribe(this.#subscription(request.sub));
        this.#subscriptions.delete(request.sub);
        break;
      case 'resync':
        this.#subscription(request.sub).resync();
        break;
      case 'ping':
        this.send(encodeResponse({ kind: 'pong', t: request.t, now: this.#live.wallNow() }, this.form));
        break;
      case 'ack':
        for (const subscription of this.#subscriptions.values()) {
          if (subscription.channel.id === request.channel) subscription.acknowledge(request.seq, now);
        }
        break;
    }
  }

  #subscribe(request: SubscribeRequest, now: number): void {
    const { sub } = request;
    if (this.#subscriptions.has(sub))
      throw new RequestError('subscription_in_use', `sub ${sub} is subscribed already`, sub);
    if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS_PER_SOCKET) {
      throw new RequestError(
        'too_many_subscriptions',
        `at most ${MAX_SUBSCRIPTIONS_PER_SOCKET} subscriptions on one connection`,
        sub,
      );
    }
    const rule = `at most ${MAX_SUBSCRIBES_PER_5_S} SUBSCRIBE in ${SUBSCRIBES_WINDOW_MS / 1000} s`;
    spend(this.#subscribes, now, rule, sub);
    const subscription = this.#live.subscribe(this, request, now);
    this.#subscriptions.set(sub, subscription);
    const { channel } = subscription;
    const { schema } = channel.selection.table;
    const columns = channel.selection.columns.map((index) => schema.columns[index]?.id as number);
    const subscribed = {
      kind: 'subscribed',
      sub,
      channel: channel.id,
      columns,
      attributes: schema.attributes,
    } as const;
    this.send(encodeResponse(subscribed, this.form));
    this.#live.queueSnapshot(subscription);
  }

  #subscription(sub: number): Subscription<Channel> {
    const known = this.#subscriptions.get(sub);
    if (known === undefined) throw new RequestError('unknown_subscription', `sub ${sub} is not subscribed`, sub);
    return known;
  }
}

/** Count one event of an allowance. @throws RequestError if it is one too many */
function spend(allowance: SocketAllowance, now: number, rule: string, sub: number | null = null): void {
  const verdict = allowance.take(now);
  if (verdict === 'own') throw new RequestError('too_fast', rule, sub);
  if (verdict === 'inherited') {
    throw new InheritedTooFast('too_fast', `${rule}, for this and earlier connections of one address`, sub);
  }
}
