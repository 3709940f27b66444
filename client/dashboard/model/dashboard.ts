import { CounterRate } from './counter-rate.js';
import { type Feed, type LinkState, NO_ROWS, type Rows, type Subscription } from './feed.js';
import { Histories } from './history.js';
import { type Catalogue, CONNECTION_TRENDS, catalogueOf, STREAM_TRENDS, wantedConnectionColumns } from './layout.js';
import { DEFAULT_SORT, RowOrder, type Wanted } from './order.js';
import { type Place, readPlace, writePlace } from './place.js';

/** How far back the trend panel reaches. */
export const TREND_MS = 600_000;
/** SDKs report every 2 s: to sample a listener more often would only keep the same figure twice. */
const CONNECTION_SAMPLE_MS = 2_000;
const STREAM_SAMPLE_MS = 1_000;
const RATE_WINDOW_MS = 5_000;
/** A listener that lost its connection tries again for this long before it is given up. */
const RETURN_MS = 30_000;

export type Trend = 'buffer' | 'latency';

/** One table on the page: what is wanted of it, and the order that came of it. */
export class TableState {
  wanted: Wanted = { sort: DEFAULT_SORT, filter: '', onlyTroubled: false };
  readonly order = new RowOrder();
  /** Somebody points at its rows: until then (`performance.now()`) they must not move away. */
  heldUntil = 0;
}

/**
 * All that the page knows. Events (frames, clicks, keys) change it and ask for a paint; a paint reads it. Nothing here
 * touches the document.
 */
export class Dashboard {
  readonly feed: Feed;
  place: Place = readPlace();
  trend: Trend = 'buffer';
  readonly streamTable = new TableState();
  readonly connectionTable = new TableState();
  readonly streamHistories = new Histories(STREAM_TRENDS, STREAM_SAMPLE_MS, TREND_MS);
  readonly connectionHistories = new Histories(CONNECTION_TRENDS, CONNECTION_SAMPLE_MS, TREND_MS);
  readonly chunkRate = new CounterRate(RATE_WINDOW_MS);
  /** Page's clock when the link last changed its state, ms since 1970. */
  linkSince = Date.now();
  catalogues: { readonly streams: Catalogue; readonly connections: Catalogue; readonly hubs: Catalogue } = {
    streams: new Map(),
    connections: new Map(),
    hubs: new Map(),
  };

  readonly #changed: () => void;
  #link: LinkState;
  #hub: string | null = null;
  #hubs: Subscription | null = null;
  #streams: Subscription | null = null;
  #connections: Subscription | null = null;
  #connectionsOf: string | null = null;
  /** Name of the selected listener; '' where it has none. */
  #client = '';
  #seenAt = 0;

  constructor(feed: Feed, changed: () => void) {
    this.feed = feed;
    this.#changed = changed;
    this.#link = feed.state;
    feed.onState(() => this.#onLink());
    this.#onLink();
  }

  get hubs(): Rows {
    return this.#hubs?.rows ?? NO_ROWS;
  }
  get streams(): Rows {
    return this.#streams?.rows ?? NO_ROWS;
  }
  get connections(): Rows {
    return this.#connections?.rows ?? NO_ROWS;
  }
  /** The first rows have come: until then "there are none" would be a guess. */
  get knowsStreams(): boolean {
    return this.#streams?.ready ?? false;
  }
  get knowsConnections(): boolean {
    return this.#connections?.ready ?? false;
  }
  /** Why the hub does not send a table; null where it does. */
  get refusal(): string | null {
    return this.#streams?.error?.message ?? this.#connections?.error?.message ?? null;
  }
  /** What is shown is what the hub has now. */
  get isCurrent(): boolean {
    return (this.feed.state === 'live' || this.feed.state === 'behind') && this.knowsStreams;
  }

  selectStream(stream: string): void {
    if (stream !== this.place.stream) this.#go({ stream, connection: null });
  }

  /** null: the stream as a whole. */
  selectConnection(connection: string | null): void {
    this.#go({ ...this.place, connection });
  }

  want(table: TableState, wish: Partial<Wanted>): void {
    table.wanted = { ...table.wanted, ...wish };
    this.#changed();
  }

  setTrend(trend: Trend): void {
    this.trend = trend;
    this.#changed();
  }

  /** The address was changed by hand. */
  followAddress(): void {
    this.place = readPlace();
    this.#watchConnections();
    this.#changed();
  }

  #go(place: Place): void {
    this.place = place;
    writePlace(place);
    this.#watchConnections();
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
      this.catalogues = {
        streams: catalogueOf(feed.columns('streams')),
        connections: catalogueOf(feed.columns('connections')),
        hubs: catalogueOf(feed.columns('hubs')),
      };
      this.#watch();
    }
    this.#changed();
  }

  #watch(): void {
    this.#hubs ??= this.feed.subscribe('hubs', { intervalMs: 1000 }, ({ t }) => {
      this.chunkRate.push(t, totalOf(this.hubs, 'chunks_sent'));
      this.#changed();
    });
    this.#streams ??= this.feed.subscribe('streams', { intervalMs: 1000 }, ({ t }) => {
      this.streamHistories.sample(t, this.streams);
      if (this.place.stream === null) this.#settle();
      this.#changed();
    });
    this.#watchConnections();
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

  #watchConnections(): void {
    const { stream } = this.place;
    if (stream === this.#connectionsOf || this.#hub === null) return;
    this.#connections?.unsubscribe();
    this.#connections = null;
    this.#connectionsOf = stream;
    this.connectionHistories.clear();
    if (stream === null) return;
    const columns = wantedConnectionColumns(this.catalogues.connections);
    this.#connections = this.feed.subscribe(`connections/${stream}`, { intervalMs: 250, columns }, ({ t }) => {
      this.connectionHistories.sample(t, this.connections);
      this.#follow();
      this.#changed();
    });
  }

  /** The selected listener has gone: go on with the connection that it has now, if it is known by a name, or with none. */
  #follow(): void {
    const { connection } = this.place;
    if (connection === null || !this.knowsConnections) return;
    const known = this.connections.get(connection);
    if (known !== undefined) {
      this.#client = known.attribute('client');
      this.#seenAt = performance.now();
      return;
    }
    let next: string | null = null;
    if (this.#client !== '') {
      for (const row of this.connections.values()) if (row.attribute('client') === this.#client) next = row.key;
    }
    // After a restart of the hub its listeners come back over some seconds, and this page may be the first.
    const isAwaited = this.#client !== '' && performance.now() - this.#seenAt < RETURN_MS;
    if (next !== null || !isAwaited) this.selectConnection(next);
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
