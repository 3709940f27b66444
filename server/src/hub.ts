import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { CLOSE, MAX_BODY_BYTES, MAX_LISTENER_MESSAGES_PER_S, MAX_REFUSALS_PER_MIN } from '@auralis/shared';
import { Alarm } from './alarm.js';
import { checkOptions } from './config.js';
import { DurableEngineMemory } from './durable-engine-memory.js';
import { EngineRoom } from './engine/room.js';
import { FrontDoor } from './front-door.js';
import { Host } from './host/host.js';
import { createApp } from './http/app.js';
import { StaticFiles } from './http/static.js';
import { SummaryHistory } from './http/summary.js';
import { CmcdRecord } from './ingest/cmcd.js';
import { ConnectionInbox } from './ingest/connection-record.js';
import { Inbox } from './ingest/inbox.js';
import { Live } from './live/live.js';
import { createLogger, type Logger } from './log.js';
import type { GivenOptions, HubOptions } from './options.js';
import { PrometheusPage } from './prometheus/page.js';
import { CmcdDesk } from './relay/cmcd-desk.js';
import { listenRoute } from './relay/listen-route.js';
import { LostEngines } from './relay/lost-engines.js';
import { publishRoute } from './relay/publish-route.js';
import { Relay } from './relay/relay.js';
import { type KeyMark, ReportedConnections } from './relay/reported-connections.js';
import { ReportsDesk } from './relay/reports-desk.js';
import { Sweep } from './relay/sweep.js';
import { Reporter } from './reporter/reporter.js';
import { HubCounters } from './state/counters.js';
import { EngineTotals } from './state/engine-totals.js';
import { createTables, HUB, type Tables } from './state/tables.js';
import { Store } from './store/store.js';
import { selectTransport } from './transport/select.js';
import type { SocketRoute, Transport } from './transport/transport.js';
import { VERSION } from './version.js';

/** Ticks of the live protocol: half of the finest step between its intervals, so that each is met within it. */
const TICK_MS = 50;
const SECOND_MS = 1000;
/** A drain takes this long at most. */
const DRAIN_MS = 4_000;

/** A hub that runs. */
export interface Hub {
  /** Where it is reached. */
  readonly url: string;
  readonly port: number;
  readonly tables: Tables;
  /** Tells everybody to come back later (close 4000), lets what waits leave, and ends. Done within 5 s. */
  stop(): Promise<void>;
}

/**
 * Starts a hub. The same as `auralis-hub serve`, for a Node server of one's own.
 * @throws ConfigError for a setting that is not allowed, DataDirError where it cannot write, ListenError where it cannot listen
 */
export async function createHub(given: GivenOptions = {}, logger?: Logger): Promise<Hub> {
  const options = checkOptions(given);
  return startHub(options, logger ?? createLogger(options));
}

/** Starts a hub with settings that have been checked. @throws DataDirError, ListenError */
export async function startHub(options: HubOptions, log: Logger): Promise<Hub> {
  const store = await Store.open(options.dataDir);
  const hub = new RunningHub(options, log, store);
  try {
    await hub.start();
  } catch (error) {
    await store.close();
    throw error;
  }
  return hub;
}

/** Hub's clock: ms since 1970, fractional, and never backwards. */
const now = () => ORIGIN + performance.now();
/** Read once: it is a getter, and the clock is read at every message. */
const ORIGIN = performance.timeOrigin;

class RunningHub implements Hub {
  readonly tables = createTables();
  readonly #options: HubOptions;
  readonly #log: Logger;
  readonly #store: Store;
  readonly #startedAt = now();
  readonly #id =
    hostname()
      .replace(/[^A-Za-z0-9._-]/g, '-')
      .slice(0, 32) || 'hub';
  readonly #counters: HubCounters;
  readonly #relay: Relay;
  readonly #sweep: Sweep;
  readonly #lostEngines: LostEngines;
  readonly #engines: EngineRoom;
  readonly #reported: ReportedConnections;
  readonly #players: ReportedConnections;
  readonly #live: Live;
  readonly #summary: SummaryHistory;
  readonly #prometheus: PrometheusPage;
  readonly #alarm: Alarm;
  readonly #door: FrontDoor;
  readonly #reporter: Reporter;
  #host: Host | null = null;
  readonly #timers: NodeJS.Timeout[] = [];
  #transport: Transport | null = null;
  #stopping: Promise<void> | null = null;

  constructor(options: HubOptions, log: Logger, store: Store) {
    this.#options = options;
    this.#log = log;
    this.#store = store;
    this.#counters = new HubCounters(this.tables.hubs, this.#id, [VERSION, ''], this.#startedAt);
    const limits = { maxMessagesPerSecond: MAX_LISTENER_MESSAGES_PER_S, maxRefusalsPerMinute: MAX_REFUSALS_PER_MIN };
    this.#relay = new Relay(this.tables, this.#counters, { ...options, ...limits });
    this.#sweep = new Sweep(this.#relay, this.tables, this.#counters);
    const memory = new DurableEngineMemory(store, this.#onError);
    this.#lostEngines = new LostEngines(this.tables.streams, memory, this.#startedAt);
    const totals = new EngineTotals();
    this.#engines = new EngineRoom(this.tables, this.#counters, totals, (name, at) => this.#relay.keep(name, at));
    const reported = (mark: KeyMark) =>
      new ReportedConnections(this.#relay, this.tables, this.#counters, totals.chunksElsewhere, mark);
    this.#reported = reported(':');
    this.#players = reported('~');
    this.#live = new Live({
      tables: this.tables,
      counters: this.#counters,
      source: `${this.#id}@${Math.floor(this.#startedAt).toString(36)}${randomBytes(2).toString('hex')}`,
      version: VERSION,
      now,
      isDraining: this.#isDraining,
    });
    this.#summary = new SummaryHistory(this.tables, this.#counters.slot, totals, this.#startedAt);
    this.#prometheus = new PrometheusPage(this.tables);
    this.#alarm = new Alarm({
      options,
      store,
      tables: this.tables,
      hubSlot: this.#counters.slot,
      teller: { hub: this.#id, url: () => this.url },
      now,
      log,
      onError: this.#onError,
    });
    this.#door = new FrontDoor(options, this.#counters);
    this.#reporter = new Reporter({ figures: () => this.#summary.present(), log, file: options.reporterFile, now });
  }

  get port(): number {
    return this.#transport?.port ?? 0;
  }

  get url(): string {
    return this.#options.publicUrl ?? this.#ownUrl;
  }

  get #ownUrl(): string {
    const { host } = this.#options;
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  async start(): Promise<void> {
    const { start, note } = await selectTransport(this.#options.transport);
    if (note !== undefined) this.#log.warn(note);
    const files = new StaticFiles(fileURLToPath(new URL('../../client/dist/web', import.meta.url)));
    const { tables } = this;
    const app = createApp({
      tables,
      counters: this.#counters,
      summary: this.#summary,
      prometheus: this.#prometheus,
      isDraining: this.#isDraining,
      engines: this.#engines,
      cmcd: new CmcdDesk(this.#players, (text) => new CmcdRecord(text), this.#counters),
      reports: new ReportsDesk(this.#reported, new ConnectionInbox(), this.#counters),
      alerts: this.#alarm.alerting,
      notifiers: this.#alarm.notifications,
      files,
      guard: this.#door.guard,
      relay: this.#relay,
      version: VERSION,
      publicUrl: this.#options.publicUrl,
      now,
      onError: this.#onError,
    });
    this.#transport = await start({
      host: this.#options.host,
      port: this.#options.port,
      routes: this.#routes(),
      fetch: this.#door.fetch(app),
      maxBodyBytes: MAX_BODY_BYTES,
      onError: this.#onError,
    });
    tables.hubs.setAttributes(this.#counters.slot, [VERSION, this.#transport.name]);
    this.#host = new Host({
      tables,
      hubSlot: this.#counters.slot,
      hostName: this.#id,
      gpuIntervalS: this.#options.gpuIntervalS,
      log: this.#log,
      now,
    });
    this.#everySecond();
    this.#every(TICK_MS, () => this.#live.tick(now()));
    this.#every(SECOND_MS, () => this.#everySecond());
    const { reporterIntervalS } = this.#options;
    if (reporterIntervalS > 0) this.#every(reporterIntervalS * SECOND_MS, () => this.#reporter.report());
    const outside = this.#options.publicUrl === null ? '' : `, from outside ${this.url}`;
    this.#log.info(`listening on ${this.#ownUrl} (${this.#transport.name})${outside}`);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  #routes(): SocketRoute[] {
    const context = {
      relay: this.#relay,
      inbox: new Inbox(),
      engines: this.#engines,
      tables: this.tables,
      counters: this.#counters,
      now,
      isDraining: this.#isDraining,
    };
    return [
      ...this.#door.sockets(listenRoute(context), 'any-origin'),
      ...this.#door.sockets(publishRoute(context), 'our-origins'),
      ...this.#door.sockets(this.#live.route(), 'our-origins'),
    ];
  }

  #everySecond(): void {
    const at = now();
    this.#reported.expire(at);
    this.#players.expire(at);
    this.#sweep.run(at);
    this.#lostEngines.tick(at);
    this.#engines.sweep(at);
    this.#live.keepAlive(at);
    this.#host?.tick();
    const { hubs } = this.tables;
    const { slot } = this.#counters;
    hubs.set(slot, HUB.active_connections, this.#relay.listeners);
    hubs.set(slot, HUB.capacity_percent, (this.#relay.listeners / this.#options.maxClients) * 100);
    hubs.set(slot, HUB.dashboards, this.#live.sessions.size);
    hubs.set(slot, HUB.process_memory_mb, process.memoryUsage.rss() / 2 ** 20);
    this.#summary.take();
    this.#prometheus.observe();
    // That everybody leaves because the hub does is no news.
    if (!this.#isDraining()) this.#alarm.tick(at);
  }

  /** A tick that throws is logged and counted, and the next one comes all the same. */
  #every(intervalMs: number, action: () => void): void {
    const guarded = () => {
      try {
        action();
      } catch (error) {
        this.#onError(error);
      }
    };
    this.#timers.push(setInterval(guarded, intervalMs));
  }

  async #drain(): Promise<void> {
    const transport = this.#transport;
    if (transport === null) return;
    this.#log.info('shutting down');
    // It listens until all have left: new ones are told 503, and so is who asks whether it is ready.
    const reason = 'the hub is shutting down';
    for (const stream of this.#relay.streams.values()) {
      stream.engine?.close(CLOSE.DRAIN, reason);
      for (const listener of stream.listeners) {
        listener.closeReason = reason;
        listener.peer.close(CLOSE.DRAIN, reason);
      }
    }
    for (const session of this.#live.sessions) session.peer.close(CLOSE.DRAIN, reason);
    const told = this.#alarm.drain(DRAIN_MS);
    const until = now() + DRAIN_MS;
    while (now() < until && (this.#relay.listeners > 0 || this.#live.sessions.size > 0)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    transport.stopListening();
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all([this.#host?.stop(), this.#reporter.stop()]);
    transport.destroy();
    await told;
    await this.#store.close();
  }

  readonly #isDraining = () => this.#stopping !== null;

  readonly #onError = (error: unknown) => {
    this.#counters.add('errors');
    this.#log.error({ err: error }, 'a fault inside the hub');
  };
}
