import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CLOSE, MAX_LISTENER_FLOOD_PER_S, MAX_LISTENER_MESSAGES_PER_S, MAX_REFUSALS_PER_MIN } from '@auralis/shared';
import { type Ended, sayEnded } from '../auth/admissions.js';
import type { AuthSettings } from '../auth/settings.js';
import { EngineRoom } from '../engine/room.js';
import { ExternalConnections, type KeyMark } from '../external/external-connections.js';
import { History } from '../history/history.js';
import { HistoryStore } from '../history/history-store.js';
import { Recorder } from '../history/recorder.js';
import { HISTORY_DIR } from '../history/resolutions.js';
import { Snapshots } from '../history/snapshots.js';
import { Host } from '../host/host.js';
import { SummaryHistory } from '../http/summary.js';
import { Live } from '../live/live.js';
import { PrometheusPage } from '../prometheus/page.js';
import { LostEngines } from '../relay/lost-engines.js';
import { Relay } from '../relay/relay.js';
import { Sweep } from '../relay/sweep.js';
import { HubCounters } from '../state/counters.js';
import { EngineTotals } from '../state/engine-totals.js';
import { createTables, HUB, type Tables } from '../state/tables.js';
import type { Store } from '../store/store.js';
import type { Clock } from '../time/clock.js';
import { StandstillDetector } from '../time/standstills.js';
import { TickParts, type TickWork } from '../time/tick-parts.js';
import { TimeSlicer, toTheEnd } from '../time/time-slicer.js';
import type { Transport } from '../transport/transport.js';
import { VERSION } from '../version.js';
import { AccessControl } from './access-control.js';
import { AlertPipeline } from './alert-pipeline.js';
import { DurableEngineMemory } from './durable-engine-memory.js';
import { INTERNAL_ERROR_LOG, type Logger } from './log.js';
import type { HubOptions } from './options.js';
import { Reporter } from './reporter.js';
import { type HubService, hubService } from './service.js';
import { StorageReport } from './storage-report.js';

export interface PartsContext {
  readonly options: HubOptions;
  readonly log: Logger;
  readonly store: Store;
  readonly clock: Clock;
  /** Address of the hub from outside. */
  readonly url: () => string;
  readonly isDraining: () => boolean;
}

/**
 * Messages in a row that end in an exception, after which the hub calls itself failing. No single client sends that
 * many.
 */
const MAX_FAILED_MESSAGES = 20;

/** All parts of a hub. `hub.ts` starts, ticks and stops them. */
export class HubParts {
  readonly tables: Tables;
  readonly counters: HubCounters;
  readonly live: Live;
  readonly alertPipeline: AlertPipeline;
  readonly reporter: Reporter;
  readonly #context: PartsContext;
  readonly #attention = new StandstillDetector();
  readonly #name =
    hostname()
      .replace(/[^A-Za-z0-9._-]/g, '-')
      .slice(0, 32) || 'hub';
  readonly #door: AccessControl;
  readonly #relay: Relay;
  readonly #sweep: Sweep;
  readonly #lostEngines: LostEngines;
  readonly #engines: EngineRoom;
  readonly #reported: ExternalConnections;
  readonly #players: ExternalConnections;
  readonly #summary: SummaryHistory;
  readonly #prometheus: PrometheusPage;
  readonly #storage: StorageReport;
  readonly #kept: HistoryStore;
  readonly #history: History;
  readonly #recorder: Recorder;
  readonly #frames: TickParts;
  readonly #second: TickParts;
  readonly #slicer: TimeSlicer;
  #host: Host | null = null;
  #transport: Transport | null = null;

  constructor(context: PartsContext) {
    this.#context = context;
    const { options, log, store, clock, url, isDraining } = context;
    const { now } = clock;
    const tables = createTables(options.maxClients);
    const startedAt = now();
    this.tables = tables;
    this.counters = new HubCounters(tables.hubs, this.#name, [VERSION, ''], startedAt);
    const hubSlot = this.counters.slot;
    this.#door = new AccessControl(options, this.counters, () => clock.wallNow());
    const limits = {
      maxMessagesPerSecond: MAX_LISTENER_MESSAGES_PER_S,
      maxFloodPerSecond: MAX_LISTENER_FLOOD_PER_S,
      maxRefusalsPerMinute: MAX_REFUSALS_PER_MIN,
    };
    this.#relay = new Relay(tables, this.counters, { ...options, ...limits });
    this.#sweep = new Sweep(this.#relay, tables, this.counters, this.onError);
    this.#lostEngines = new LostEngines(tables.streams, new DurableEngineMemory(store), startedAt);
    const totals = new EngineTotals();
    this.#engines = new EngineRoom(tables, this.counters, totals, (...asked) => this.#relay.keep(...asked));
    const reported = (mark: KeyMark) =>
      new ExternalConnections(this.#relay, tables, this.counters, totals.externalChunks, mark);
    this.#reported = reported(':');
    this.#players = reported('~');
    const source = `${this.#name}@${Math.floor(startedAt).toString(36)}${randomBytes(2).toString('hex')}`;
    this.live = new Live({
      tables,
      counters: this.counters,
      source,
      version: VERSION,
      clock,
      isDraining,
      onError: this.onError,
      maxSharePercent: options.maxSharePercent,
    });
    this.#summary = new SummaryHistory(tables, hubSlot, totals, startedAt);
    this.#prometheus = new PrometheusPage(tables);
    this.#storage = new StorageReport(store, tables.hubs, this.counters, log);
    const folder = join(options.dataDir, HISTORY_DIR);
    this.#kept = new HistoryStore(() => Snapshots.open(folder, (damage) => this.#storage.damaged(damage)));
    this.#history = new History(this.#kept);
    this.#recorder = new Recorder(tables, this.#kept, source, (error, isNews) =>
      this.#storage.historyFailed(error, isNews),
    );
    const teller = { hub: this.#name, url };
    const wallNow = () => clock.wallNow();
    const { counters, onError } = this;
    this.alertPipeline = new AlertPipeline({ options, store, tables, hubSlot, counters, teller, clock, log, onError });
    const ticks = { now: clock.now, onError: this.onError };
    const followWallClock = () => this.#followWallClock();
    this.#frames = new TickParts({ 'wall clock': followWallClock, frames: (at) => this.live.tick(at) }, ticks);
    this.#second = new TickParts(this.#partsOfSecond(), ticks);
    this.#slicer = new TimeSlicer({ onError });
    this.reporter = new Reporter({ figures: () => this.#summary.present(), log, file: options.reporterFile, wallNow });
  }

  /** Connected listeners of this hub's own sockets. */
  get listeners(): number {
    return this.#relay.listeners;
  }

  /** Return the sockets and routes that the transport serves. */
  service(): HubService {
    return hubService({
      ...this.#context,
      tables: this.tables,
      counters: this.counters,
      door: this.#door,
      relay: this.#relay,
      engines: this.#engines,
      reported: this.#reported,
      players: this.#players,
      live: this.live,
      alertPipeline: this.alertPipeline,
      summary: this.#summary,
      prometheus: this.#prometheus,
      history: this.#history,
      stalledMs: this.#stalledMs,
      failing: () => this.failing(),
      onError: this.onError,
    });
  }

  /** Begin to measure the hub and its host. Call when the transport serves. */
  began(transport: Transport): void {
    this.#transport = transport;
    const { options, log, clock } = this.#context;
    const { tables } = this;
    const { slot: hubSlot } = this.counters;
    tables.hubs.setAttributes(hubSlot, [VERSION, transport.name]);
    this.#host = new Host({
      tables,
      hubSlot,
      hostName: this.#name,
      gpuIntervalS: options.gpuIntervalS,
      log,
      now: clock.now,
    });
  }

  /** Tick the live protocol. */
  tick(at: number): void {
    const stoodStill = this.#attend(at);
    // Read the acknowledgements that queued meanwhile before frames are judged late.
    if (!stoodStill) toTheEnd(this.#frames.run(at));
  }

  /**
   * Begin the work of a second. It goes on in later turns of the event loop. A second that comes before its end is
   * left out.
   */
  everySecond(at: number): void {
    this.#attend(at);
    if (!this.#attention.mayJudge()) this.alertPipeline.alerting.observeNode(at);
    else if (!this.#slicer.isBusy) this.#slicer.run(this.#second.run(at));
  }

  /** Return the name of a part that no longer works, or `messages`, or null. */
  failing(): string | null {
    const isDeaf = (this.#transport?.failedMessages ?? 0) >= MAX_FAILED_MESSAGES;
    return this.#frames.failing() ?? this.#second.failing() ?? (isDeaf ? 'messages' : null);
  }

  /** The parts of a second, in order: readings first, then their readers. */
  #partsOfSecond(): Record<string, TickWork> {
    return {
      'wall clock': () => this.#followWallClock(),
      'access control': () => this.#tellEnded(this.#door.sweep()),
      'external connections': (at) => {
        this.#reported.expire(at);
        this.#players.expire(at);
      },
      streams: (at) => this.#sweep.steps(at),
      'lost engines': (at) => this.#lostEngines.tick(at),
      engines: (at) => this.#engines.sweep(at),
      dashboards: (at) => this.live.keepAlive(at),
      host: () => this.#host?.tick(this.#relay.streams.size + this.live.sessions.size === 0),
      'hub row': () => this.#showHub(),
      summary: () => this.#summary.take(),
      prometheus: () => this.#prometheus.observe(),
      // A hub that shuts down loses every connection, which is no reason to alert.
      alerts: (at) => {
        if (!this.#context.isDraining()) this.alertPipeline.tick(at);
      },
      history: (at) => this.#recorder.steps(at, this.#context.clock.wallOf(at)),
      storage: () => this.#storage.tick(),
    };
  }

  #showHub(): void {
    const { hubs } = this.tables;
    const { slot } = this.counters;
    hubs.set(slot, HUB.active_connections, this.listeners);
    hubs.set(slot, HUB.capacity_percent, (this.listeners / this.#context.options.maxClients) * 100);
    hubs.set(slot, HUB.dashboards, this.live.sessions.size);
    hubs.set(slot, HUB.dashboards_waiting_mb, this.live.waiting.total / 2 ** 20);
    hubs.set(slot, HUB.history_failing, Number(this.#recorder.isFailing));
    hubs.set(slot, HUB.process_memory_mb, process.memoryUsage.rss() / 2 ** 20);
  }

  replaceAuth(auth: AuthSettings): void {
    this.#tellEnded(this.#door.replaceAuth(auth));
  }

  /** Close every socket so that its peer comes back later (4000). */
  sendAllAway(reason: string): void {
    for (const stream of this.#relay.streams.values()) {
      stream.engine?.close(CLOSE.DRAIN, reason);
      for (const listener of stream.listeners) listener.end(CLOSE.DRAIN, reason);
    }
    for (const session of this.live.sessions) session.peer.close(CLOSE.DRAIN, reason);
  }

  async stop(): Promise<void> {
    this.#slicer.stop();
    await Promise.all([this.#host?.stop(), this.reporter.stop(), this.#recorder.settled()]);
  }

  /** Close history, once no request can ask for it. */
  close(): Promise<void> {
    return this.#kept.close();
  }

  readonly #stalledMs = () => this.#attention.recentMs(this.#context.clock.now());

  readonly onError = (error: unknown) => {
    this.counters.add('errors');
    this.#context.log.error({ err: error }, INTERNAL_ERROR_LOG);
  };

  #followWallClock(): void {
    const { clock, log } = this.#context;
    const stepMs = clock.follow();
    if (stepMs === 0) return;
    for (const table of Object.values(this.tables)) table.stepWallClock(stepMs);
    this.counters.add('clock_steps');
    log.warn({ step_ms: Math.round(stepMs) }, 'wall clock stepped: times are moved along, durations are not affected');
  }

  /**
   * Return whether the loop was blocked until now. Peers could give no sign of life meanwhile, so all deadlines start
   * anew.
   */
  #attend(at: number): boolean {
    const ms = this.#attention.tick(at);
    if (ms === 0) return false;
    this.#frames.forgive(at);
    this.#second.forgive(at);
    this.#relay.heardAll(at);
    this.#reported.heardAll(at);
    this.#players.heardAll(at);
    this.#engines.heardAll(at);
    this.live.heardAll(at);
    this.#context.log.warn({ ms: Math.round(ms) }, 'event loop blocked: the process was stopped, or got no CPU');
    return true;
  }

  #tellEnded(ended: Ended): void {
    const said = sayEnded(ended);
    if (said !== null) this.#context.log.info(said);
  }
}
