import {
  FEW_CHANNELS,
  type LiveForm,
  MAX_CHANNELS,
  MAX_DASHBOARDS,
  MAX_FRAMES_PER_S,
  MAX_FULL_MESSAGES_PER_S,
  MAX_LIVE_CELLS,
  MAX_LIVE_MESSAGE_BYTES,
  RequestError,
  STALLED_MS,
  SUBPROTOCOLS,
  TOKEN_SUBPROTOCOL,
  type Wire,
} from '@auralis/shared';
import { KeptAllowances } from '../limits/kept-allowances.js';
import { type Holders, holdersOf, type NoPlace, Places } from '../limits/places.js';
import { Turns } from '../limits/turns.js';
import type { HubCounters } from '../state/counters.js';
import type { Tables } from '../state/tables.js';
import type { Clock } from '../time/clock.js';
import { TimeSlicer } from '../time/time-slicer.js';
import { offeredProtocols } from '../transport/subprotocols.js';
import { INTERNAL_ERROR, type SocketRoute, type UpgradeAnswer, type UpgradeRequest } from '../transport/transport.js';
import { Channel, type ChannelContext, createSinks, Snapshots } from './channel.js';
import { ChannelMemory } from './channel-memory.js';
import { type LiveDesk, LiveSession, type SubscribeRequest, type UsedLiveAllowances } from './session.js';
import { type Subscriber, Subscription } from './subscription.js';
import { select } from './topic.js';
import { Waiting } from './waiting.js';
import { WelcomeWriter } from './welcome.js';

/** A snapshot of 15,000 rows is about 2 MB. Frames are skipped long before this limit. */
const MAX_LIVE_SOCKET_BYTES = 16 * 1024 * 1024;
/** Every dashboard is pinged once in this many rounds of `keepAlive`. */
const PING_EVERY = 10;

export interface LiveContext {
  readonly tables: Tables;
  readonly counters: HubCounters;
  /** Hub and boot: `id@epoch`. */
  readonly source: string;
  readonly version: string;
  readonly clock: Clock;
  readonly isDraining: () => boolean;
  /** A channel threw. */
  readonly onError: (error: unknown) => void;
  /** Percent of the dashboards, and of the channels, that one address or token may hold. */
  readonly maxSharePercent: number;
  /** Does the work in slices; its own queue unless given. */
  readonly slices?: TimeSlicer;
}

/** The live protocol: dashboards, the channels they subscribe to, and the ticks that feed them. */
export class Live implements LiveDesk {
  readonly sessions = new Set<LiveSession>();
  readonly now: () => number;
  readonly #context: LiveContext;
  readonly #channels = new Map<string, Channel>();
  readonly #common: ChannelContext;
  readonly #snapshots = new Snapshots();
  readonly waiting: Waiting;
  readonly allowances = new KeptAllowances<UsedLiveAllowances>();
  readonly #slices: TimeSlicer;
  /** Channels whose frames are due, and subscriptions that wait for a snapshot, by address. */
  readonly #due = new Set<Channel>();
  readonly #snapshotQueue = new Turns<Subscriber, Subscription<Channel>>();
  readonly #places: Places;
  readonly #welcomes: WelcomeWriter;
  readonly #channelPlaces: Places;
  readonly #memory: ChannelMemory;
  #nextChannel = 1;
  #round = 0;

  constructor(context: LiveContext) {
    this.#context = context;
    this.now = context.clock.now;
    const { maxSharePercent: sharePercent } = context;
    const { source, clock, onError, slices = new TimeSlicer({ onError }) } = context;
    this.#common = { source, clock, sinks: createSinks(), snapshots: this.#snapshots };
    this.#slices = slices;
    this.#welcomes = new WelcomeWriter(source, context.version);
    this.waiting = new Waiting(sharePercent);
    this.#memory = new ChannelMemory(sharePercent);
    this.#places = new Places({ most: MAX_DASHBOARDS, sharePercent });
    this.#channelPlaces = new Places({ most: MAX_CHANNELS, sharePercent, few: FEW_CHANNELS });
  }

  wallNow(): number {
    return this.#context.clock.wallNow();
  }

  /** `/api/v1/live` */
  route(): SocketRoute {
    return {
      pattern: '/api/v1/live',
      maxMessageBytes: MAX_LIVE_MESSAGE_BYTES,
      maxFramesPerS: MAX_FRAMES_PER_S,
      maxBytesPerS: MAX_FULL_MESSAGES_PER_S * MAX_LIVE_MESSAGE_BYTES,
      maxBacklogBytes: MAX_LIVE_SOCKET_BYTES,
      upgrade: (request) => this.#answer(request),
    };
  }

  welcome(form: LiveForm): Wire {
    return this.#welcomes.write(this.wallNow(), form);
  }

  subscribe(session: LiveSession, request: SubscribeRequest, now: number): Subscription<Channel> {
    const { sub, topic, intervalMs, options } = request;
    const selection = select(this.#context.tables, sub, topic, intervalMs, options);
    let channel = this.#channels.get(selection.key);
    if (channel === undefined) {
      this.#assertChannelPlace(session, sub);
      channel = new Channel(this.#nextChannel++, this.#common, intervalMs, selection, now);
      this.#assertRoom(session, channel, sub);
      this.#channels.set(selection.key, channel);
      this.#channelPlaces.take(session.holders);
    }
    const subscription = new Subscription(session, sub, channel, options.ack ?? false, now);
    channel.subscriptions.add(subscription);
    return subscription;
  }

  /** A channel and its memory go with its last subscriber. */
  unsubscribe(subscription: Subscription<Channel>): void {
    const { channel } = subscription;
    const [payer] = channel.subscriptions;
    channel.subscriptions.delete(subscription);
    if (payer === subscription) {
      // The place of a channel is that of its oldest subscriber.
      this.#channelPlaces.release(payer.session.holders);
      const [next] = channel.subscriptions;
      if (next !== undefined) this.#channelPlaces.take(next.session.holders);
    }
    if (channel.subscriptions.size === 0) this.#channels.delete(channel.selection.key);
  }

  opened(session: LiveSession): void {
    this.sessions.add(session);
    this.#places.take(session.holders);
  }

  closed(session: LiveSession): void {
    if (this.sessions.delete(session)) this.#places.release(session.holders);
  }

  /** Make the frames that are due, in slices, for every channel even if another one throws. */
  tick(now: number): void {
    for (const channel of this.#channels.values()) if (now >= channel.dueAt) this.#due.add(channel);
    this.#work();
  }

  queueSnapshot(subscription: Subscription<Channel>): void {
    const { session } = subscription;
    this.#snapshotQueue.add(session.holders[0], session, subscription);
    this.#work();
  }

  #work(): void {
    if (!this.#slices.isBusy) this.#slices.run(this.#steps());
  }

  /** Make due frames first, then one snapshot of each address in turn. Sockets may come and go between two steps. */
  *#steps(): Generator<void> {
    for (;;) {
      // One pass only: snapshots get their turn even if frames alone take all the time.
      for (const channel of [...this.#due]) {
        this.#due.delete(channel);
        this.#count(channel, () => this.#frame(channel, this.now()));
        yield;
      }
      const next = this.#snapshotQueue.next();
      if (next === undefined) break;
      const { channel } = next;
      if (!channel.subscriptions.has(next)) continue;
      if (!channel.hasBegun) {
        this.#count(channel, () => {
          channel.begin(this.now());
          return 0;
        });
        yield;
      }
      if (next.isReady(this.now())) yield* this.#snapshotSteps(channel, next.session.form);
      this.#count(channel, () => Number(next.catchUp(this.now())));
      yield;
    }
    this.#snapshots.clear();
  }

  /** Send the frame of a channel, and note dashboards that need a snapshot. Return how many frames were sent. */
  #frame(channel: Channel, now: number): number {
    if (channel.subscriptions.size === 0) return 0;
    const sent = channel.tick(now);
    for (const subscription of channel.subscriptions) {
      if (subscription.isReady(now)) this.queueSnapshot(subscription as Subscription<Channel>);
    }
    return sent;
  }

  /**
   * Do a step for a channel, and count the frames that it sent. If it throws, its baseline is lost: its dashboards
   * are closed, come back, and begin with a snapshot.
   */
  #count(channel: Channel, step: () => number): void {
    try {
      const sent = step();
      if (sent > 0) this.#context.counters.add('frames_sent', sent);
    } catch (error) {
      this.#failed(channel, error);
    }
  }

  /** Make a snapshot that `catchUp` then finds ready. */
  *#snapshotSteps(channel: Channel, form: LiveForm): Generator<void> {
    try {
      yield* channel.snapshotSteps(form, this.now());
    } catch (error) {
      this.#failed(channel, error);
    }
  }

  #failed({ subscriptions }: Channel, error: unknown): void {
    this.#context.onError(error);
    for (const { session } of subscriptions) session.close(INTERNAL_ERROR.code, INTERNAL_ERROR.reason);
  }

  /** Set the last sign of life of every dashboard to now. */
  heardAll(now: number): void {
    for (const session of this.sessions) session.lastSignAt = now;
    for (const { subscriptions } of this.#channels.values()) {
      for (const subscription of subscriptions) subscription.heard(now);
    }
  }

  /** Ping dashboards, spread over time, and close those without a sign of life. Call once a second. */
  keepAlive(now: number): void {
    this.#round++;
    for (const session of this.waiting.slowest(this.sessions, now)) session.closeOverloaded();
    this.#memory.shed([...this.#channels.values()]);
    let at = 0;
    for (const session of this.sessions) {
      if (now - session.lastSignAt > STALLED_MS) session.closeStalled();
      else if ((at++ + this.#round) % PING_EVERY === 0) session.peer.ping();
    }
  }

  /** @throws RequestError */
  #assertChannelPlace(session: LiveSession, sub: number): void {
    const refusal = this.#channelPlaces.refusal(session.holders);
    if (refusal === null) return;
    const { counters } = this.#context;
    const { most, share } = this.#channelPlaces;
    counters.add(refusal === 'share' ? 'refused_over_share' : 'dashboards_refused');
    if (refusal === 'full') throw new RequestError('too_many_channels', `this hub serves ${most} channels`, sub);
    throw new RequestError('over_share', `this address or token has ${share} of ${most} channels`, sub);
  }

  /**
   * Check that a new channel fits.
   * @throws RequestError if all baselines together would be too large
   */
  #assertRoom(session: LiveSession, channel: Channel, sub: number): void {
    const refusal = this.#memory.refusal(this.#channels.values(), channel, session.address);
    if (refusal === null) return;
    this.#context.counters.add(refusal === 'share' ? 'refused_over_share' : 'dashboards_refused');
    const message = `all channels together may hold ${MAX_LIVE_CELLS} cells: ask for fewer columns or rows`;
    throw new RequestError(refusal === 'share' ? 'over_share' : 'too_many_channels', message, sub);
  }

  #noPlace(refusal: NoPlace): UpgradeAnswer {
    const { most, share } = this.#places;
    this.#context.counters.add(refusal === 'share' ? 'refused_over_share' : 'dashboards_refused');
    if (refusal === 'full') return { refuse: 503, message: `all ${most} places for dashboards are taken` };
    return { refuse: 429, message: `this address or token has ${share} of ${most} dashboards (--max-share-percent)` };
  }

  #answer(request: UpgradeRequest): UpgradeAnswer {
    if (this.#context.isDraining()) return { refuse: 503, message: 'the hub is shutting down' };
    const holders = holdersOf(request.remoteAddress, request.token);
    const refusal = this.#places.refusal(holders);
    if (refusal !== null) return this.#noPlace(refusal);
    const offered = offeredProtocols(request.headers.get('sec-websocket-protocol'));
    const { msgpack, json } = SUBPROTOCOLS;
    // Choose MessagePack if both or neither are offered. A client that offers only others is refused.
    if (offered.includes(msgpack)) return { accept: this.#session('msgpack', holders), protocol: msgpack };
    if (offered.includes(json)) return { accept: this.#session('json', holders), protocol: json };
    if (offered.some((name) => !name.startsWith(TOKEN_SUBPROTOCOL))) {
      return { refuse: 400, message: `Sec-WebSocket-Protocol: ${msgpack} or ${json}` };
    }
    return { accept: this.#session('msgpack', holders) };
  }

  #session(form: LiveForm, holders: Holders): LiveSession {
    return new LiveSession(this, form, holders, this.#context.counters);
  }
}
