import {
  COLUMNS,
  FEW_CHANNELS,
  type LiveForm,
  MAX_CHANNELS,
  MAX_DASHBOARDS,
  MAX_FRAMES_PER_S,
  MAX_FULL_MESSAGES_PER_S,
  MAX_LIVE_MESSAGE_BYTES,
  RequestError,
  SCHEMAS,
  STALLED_MS,
  SUBPROTOCOLS,
  TABLE_NAMES,
  TOKEN_SUBPROTOCOL,
  type Welcome,
} from '@auralis/shared';
import type { Clock } from '../clock.js';
import type { HubCounters } from '../state/counters.js';
import { type Holders, holdersOf, type NoPlace, Places } from '../state/places.js';
import type { Tables } from '../state/tables.js';
import { offeredProtocols } from '../subprotocols.js';
import { INTERNAL_ERROR, type SocketRoute, type UpgradeAnswer, type UpgradeRequest } from '../transport/transport.js';
import { Channel, createSinks } from './channel.js';
import { type LiveDesk, LiveSession, type SubscribeRequest } from './session.js';
import { Subscription } from './subscription.js';
import { select } from './topic.js';

/** A snapshot of 15,000 rows is about 2 MB; what is skipped by then never gets this far. */
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
}

/** The live protocol: dashboards, the channels they subscribe to, and the ticks that feed them. */
export class Live implements LiveDesk {
  readonly sessions = new Set<LiveSession>();
  readonly now: () => number;
  readonly #context: LiveContext;
  readonly #channels = new Map<string, Channel>();
  readonly #sinks = createSinks();
  readonly #places: Places;
  readonly #channelPlaces: Places;
  #nextChannel = 1;
  #round = 0;

  constructor(context: LiveContext) {
    this.#context = context;
    this.now = context.clock.now;
    const { maxSharePercent: sharePercent } = context;
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

  welcome(): Welcome {
    const tables = TABLE_NAMES.map((name) => {
      const { attributes, columns } = SCHEMAS[name];
      return [name, { attributes, columns: columns.map((column) => column.id) }] as const;
    });
    const catalogue = COLUMNS.map(({ index: _, ...entry }) => entry);
    const { source, version } = this.#context;
    return { hub: source, version, now: this.wallNow(), tables: Object.fromEntries(tables), catalogue };
  }

  subscribe(session: LiveSession, request: SubscribeRequest, now: number): Subscription<Channel> {
    const { sub, topic, intervalMs, options } = request;
    const selection = select(this.#context.tables, sub, topic, intervalMs, options);
    let channel = this.#channels.get(selection.key);
    if (channel === undefined) {
      this.#assertChannelPlace(session, sub);
      const { source, clock } = this.#context;
      channel = new Channel(this.#nextChannel++, { source, clock, sinks: this.#sinks }, intervalMs, selection, now);
      this.#channels.set(selection.key, channel);
      this.#channelPlaces.take(session.holders);
    }
    const subscription = new Subscription(session, sub, channel, options.ack ?? false, now);
    channel.subscriptions.add(subscription);
    return subscription;
  }

  /** A channel goes with its last subscriber, and its memory with it. */
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

  /** Make the frames that are due, of every channel even if another one throws. */
  tick(now: number): void {
    let sent = 0;
    for (const channel of this.#channels.values()) if (now >= channel.dueAt) sent += this.#tickChannel(channel, now);
    if (sent > 0) this.#context.counters.add('frames_sent', sent);
  }

  /** A channel that throws has lost its baseline: its dashboards are closed, come back, and begin with a snapshot. */
  #tickChannel(channel: Channel, now: number): number {
    try {
      return channel.tick(now);
    } catch (error) {
      this.#context.onError(error);
      for (const { session } of channel.subscriptions) session.peer.close(INTERNAL_ERROR.code, INTERNAL_ERROR.reason);
      return 0;
    }
  }

  /** Take everybody's last sign of life to be of now. */
  heardAll(now: number): void {
    for (const session of this.sessions) session.lastSignAt = now;
    for (const { subscriptions } of this.#channels.values()) {
      for (const subscription of subscriptions) subscription.heard(now);
    }
  }

  /** Once a second: pings dashboards, spread over time, and closes those without a sign of life. */
  keepAlive(now: number): void {
    this.#round++;
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
    // Send MessagePack if both or neither are offered. A client that offers only others is told, not guessed at.
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
