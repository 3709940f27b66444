import { CLOSE } from '@auralis/shared/codes';
import { type Alerts, alertsOf } from './alerts.js';
import { CounterRate } from './counter-rate.js';
import type { Feed, LinkState, Row, Rows } from './feed.js';
import { Followed } from './followed.js';
import { Histories } from './history.js';
import {
  type Catalogue,
  CONNECTION_LAYOUT,
  CONNECTION_TRENDS,
  catalogueOf,
  STREAM_TRENDS,
  wantedConnectionColumns,
} from './layout.js';
import type { Sort } from './order.js';
import { PagedRows } from './paged-rows.js';
import type { Address, Place } from './place.js';
import { compareOf, viewOf, type Wanted } from './wanted.js';
import { type WholeTable, WholeTables } from './whole-tables.js';

/** How far back the trend panel reaches. */
export const TREND_MS = 600_000;
/** SDKs report every 2 s: to sample a listener more often would only keep the same figure twice. */
const CONNECTION_SAMPLE_MS = 2_000;
const STREAM_SAMPLE_MS = 1_000;
/** Rows of which trends are kept: listeners seen lately, 1.8 MB of them, and all the streams that a hub can have. */
const MAX_CONNECTION_TRENDS = 300;
const MAX_STREAM_TRENDS = 1_000;
const RATE_WINDOW_MS = 5_000;

export const CONNECTION_SORT: Sort = { label: 'Status', worstFirst: true };
export const STREAM_SORT: Sort = { label: 'Trouble', worstFirst: true };

export type Trend = 'buffer' | 'latency';

/**
 * All that the page knows. Events (frames, clicks, keys) change it and ask for a paint; a paint reads it. Nothing
 * here touches the document.
 */
export class Dashboard {
  readonly feed: Feed;
  place: Place;
  trend: Trend = 'buffer';
  streamSort = STREAM_SORT;
  wanted: Wanted = { sort: CONNECTION_SORT, filter: '', onlyTroubled: false };
  /** Listeners of the selected stream. */
  readonly listeners: PagedRows;
  readonly tables: WholeTables;
  readonly streamHistories = new Histories(STREAM_TRENDS, STREAM_SAMPLE_MS, TREND_MS, MAX_STREAM_TRENDS);
  readonly connectionHistories = new Histories(
    CONNECTION_TRENDS,
    CONNECTION_SAMPLE_MS,
    TREND_MS,
    MAX_CONNECTION_TRENDS,
  );
  readonly chunkRate = new CounterRate(RATE_WINDOW_MS);
  /** Page's clock when the link last changed its state, ms since 1970. */
  linkSince = Date.now();
  /** Columns of connections. */
  catalogue: Catalogue = new Map();

  alerts: Alerts = { firing: [], resolved: [], pending: 0 };

  readonly #address: Address;
  readonly #changed: () => void;
  readonly #followed: Followed;
  #link: LinkState;
  #hub: string | null = null;

  constructor(feed: Feed, address: Address, changed: () => void) {
    this.feed = feed;
    this.#address = address;
    this.#changed = changed;
    this.place = address.read();
    this.listeners = new PagedRows(feed, 250, (t) => this.#onListeners(t));
    this.#followed = new Followed(feed, (t) => this.#onListeners(t));
    this.tables = new WholeTables(feed, (table, t) => this.#onTable(table, t));
    this.#link = feed.state;
    feed.onState(() => this.#onLink());
    this.#onLink();
  }

  get streams(): Rows {
    return this.tables.rows('streams');
  }
  /** The stream that the page is about. */
  get stream(): Row | undefined {
    return this.streams.get(this.place.stream ?? '');
  }
  /** The selected listener. */
  get listener(): Row | undefined {
    const { connection } = this.place;
    return this.#followed.row ?? (connection === null ? undefined : this.listeners.row(connection));
  }
  /** The first rows have come: until then "there are none" would be a guess. */
  get knowsStreams(): boolean {
    return this.tables.isReady('streams');
  }
  /** Why the hub does not send a table; null where it does. */
  get refusal(): string | null {
    return this.tables.error ?? this.listeners.error;
  }
  /** The hub wants a token, or another one. */
  get needsToken(): boolean {
    return this.feed.state === 'closed' && this.feed.closeCode === CLOSE.NOT_ALLOWED;
  }
  /** Whether the page shows the hub's present data. */
  get isCurrent(): boolean {
    return (this.feed.state === 'live' || this.feed.state === 'behind') && this.knowsStreams;
  }

  selectStream(stream: string): void {
    if (stream !== this.place.stream) this.go({ stream, connection: null });
  }

  /** null: the stream as a whole. */
  selectConnection(connection: string | null): void {
    this.go({ ...this.place, connection });
  }

  go(place: Place): void {
    this.#address.write(place);
    this.#arrive(place);
  }

  /** Goes where something is wrong: those whom it befalls are the first that are seen. */
  lookAt(place: Place): void {
    this.wanted = { sort: CONNECTION_SORT, filter: '', onlyTroubled: false };
    this.go(place);
  }

  /** The address was changed by hand. */
  followAddress(): void {
    this.#arrive(this.#address.read());
  }

  /** Change which listeners the page shows. */
  want(wish: Partial<Wanted>): void {
    this.wanted = { ...this.wanted, ...wish };
    this.#ask();
    this.#changed();
  }

  sortStreams(sort: Sort): void {
    this.streamSort = sort;
    this.#changed();
  }

  setTrend(trend: Trend): void {
    this.trend = trend;
    this.#changed();
  }

  #arrive(place: Place): void {
    const isOther = place.stream !== this.place.stream;
    this.place = place;
    if (isOther) {
      this.connectionHistories.clear();
      this.listeners.ask(null);
    }
    this.#ask();
    this.#changed();
  }

  #onLink(): void {
    const { feed } = this;
    if (feed.state !== this.#link) {
      this.#link = feed.state;
      this.linkSince = Date.now();
    }
    if (feed.hub !== null && feed.hub.hub !== this.#hub) {
      this.#hub = feed.hub.hub;
      this.catalogue = catalogueOf(feed.columns('connections'));
      this.tables.watch();
      this.#ask();
    }
    this.#changed();
  }

  /** Asks for the listeners that are wanted; before the first WELCOME nobody knows what can be asked. */
  #ask(): void {
    const { stream, connection } = this.place;
    if (this.#hub === null || stream === null) return;
    const columns = wantedConnectionColumns(this.catalogue);
    const view = viewOf(this.wanted, CONNECTION_LAYOUT, this.catalogue);
    this.listeners.ask({ topic: `connections/${stream}`, columns, view, compare: compareOf(view) });
    this.#followed.follow(stream, connection, columns);
  }

  #onTable(table: WholeTable, t: number): void {
    if (table === 'alerts') this.alerts = alertsOf(this.tables.rows('alerts'), this.tables.catalogue('alerts'));
    if (table === 'hubs') this.chunkRate.push(t, totalOf(this.tables.rows('hubs'), 'chunks_sent'));
    if (table === 'streams') {
      this.streamHistories.sample(t, this.streams.values());
      if (this.place.stream === null) this.#settle();
    }
    this.#changed();
  }

  /** Nobody chose a stream: show the one with the most listeners, and stay with it. */
  #settle(): void {
    let most: { readonly key: string; readonly listeners: number } | null = null;
    for (const row of this.streams.values()) {
      const listeners = row.get('active_connections') ?? 0;
      if (most === null || listeners > most.listeners) most = { key: row.key, listeners };
    }
    if (most !== null) this.selectStream(most.key);
  }

  #onListeners(t: number): void {
    this.connectionHistories.sample(t, this.#listenersHere());
    const { connection } = this.place;
    const next = this.#followed.current(this.catalogue.get('state')?.labels?.indexOf('closed') ?? -1);
    if (next !== connection) this.selectConnection(next);
    this.#changed();
  }

  *#listenersHere(): Generator<Row> {
    yield* this.listeners.rows();
    yield* this.#followed.rows.values();
  }
}

/** A column's sum over rows; null where none reports it. */
export function totalOf(rows: Rows, column: string): number | null {
  let total: number | null = null;
  for (const row of rows.values()) {
    const value = row.get(column);
    if (value !== null) total = (total ?? 0) + value;
  }
  return total;
}
