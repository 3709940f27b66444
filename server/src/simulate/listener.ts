import {
  CLOSE,
  type ClientMetricsReport,
  type ListenerMessage,
  type ListenerWelcome,
  mayReconnect,
} from '@auralis/shared';
import { Arrivals, HubClock } from './arrivals.js';
import { type Behaviour, behaviourOf } from './behaviour.js';
import { Connection, type ConnectionEvents } from './connection.js';
import type { PlannedListener } from './options.js';
import { Playout } from './playout.js';
import { ReadingPace } from './reading-pace.js';

const SYNC_EVERY_MS = 30_000;
/** A hidden tab's timers run this seldom. */
const HIDDEN_REPORT_MS = 60_000;
const OUTPUT_LATENCY_MS = 20;
/** A bad link, ms: how long it works, stalls, and how long a connection lasts and stays away. */
const WORKS_MS = { min: 2_000, max: 6_000 };
const MAX_STALL_MS = 1_000;
const LASTS_MS = { min: 5_000, max: 25_000 };
const AWAY_MS = { min: 500, max: 1_500 };

export interface ListenerContext {
  /** URL of `/listen`, without its query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Duration of a chunk. */
  readonly chunkMs: number;
  readonly random: () => number;
  /** True time, ms since 1970, fractional. */
  readonly now: () => number;
  /** A connection is over before the end of the simulation. */
  readonly onLeft: (listener: SimListener, connection: Connection) => void;
}

/** One listener: behaves like a browser with our SDK, but for the fault of its kind. */
export class SimListener {
  readonly plan: PlannedListener;
  readonly behaviour: Behaviour;
  /** The present connection; null before the first and between two. */
  connection: Connection | null = null;
  connections = 0;
  /** Upgrades that the hub refused. */
  refused = 0;
  /** Errors that the hub reported. */
  readonly errors: string[] = [];
  readonly #context: ListenerContext;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #playout: Playout;
  #arrivals = new Arrivals();
  #clock = new HubClock();
  #pace: ReadingPace | null = null;
  #reportEveryMs = 0;
  #isEnding = false;
  /** Underruns of connections that are over. */
  #pastUnderruns = 0;

  constructor(plan: PlannedListener, context: ListenerContext) {
    this.plan = plan;
    this.behaviour = behaviourOf(plan.kind, plan.index);
    this.#context = context;
    this.#playout = new Playout(context.now());
  }

  get underruns(): number {
    return this.#pastUnderruns + this.#playout.underruns;
  }

  /** Connects after `delayMs`. */
  startIn(delayMs: number): void {
    this.#after('connect', delayMs, () => this.#connect());
  }

  /**
   * Reports no more, loses no more connections, and reads all that is left; one that ends `cut` reads no more
   * instead.
   */
  end(): void {
    this.#isEnding = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    if (this.behaviour.end === 'cut') this.connection?.pause(Number.POSITIVE_INFINITY);
    else this.connection?.readOn();
  }

  /** Ends whatever is left, at once. */
  destroy(): void {
    this.end();
    this.connection?.terminate();
  }

  #connect(): void {
    this.#pastUnderruns += this.#playout.underruns;
    this.#playout = new Playout(this.#context.now());
    this.#arrivals = new Arrivals();
    this.#clock = new HubClock();
    this.#pace = null;
    this.connections++;
    const { url, headers } = this.#context;
    const events: ConnectionEvents = {
      onWelcome: (welcome) => this.#begin(connection, welcome),
      onChunk: (sentAtMs, durationMs) => this.#play(connection, sentAtMs, durationMs),
      onMessage: (message) => this.#hear(message),
      onClose: (code, refused) => this.#lost(connection, code, refused),
    };
    const connection = new Connection(`${url}?client=${this.plan.client}`, headers, events);
    this.connection = connection;
  }

  #begin(connection: Connection, welcome: ListenerWelcome): void {
    if (this.#isEnding) return;
    const { behaviour } = this;
    this.#reportEveryMs = behaviour.hidden ? HIDDEN_REPORT_MS : welcome.reportIntervalMs;
    // A page that is hidden says so at once; the others spread their first report over the interval.
    this.#after('report', behaviour.hidden ? 0 : this.#reportEveryMs * this.#context.random(), () => this.#report());
    if (behaviour.syncsClock) this.#syncClock();
    if (behaviour.readingSpeed !== null) {
      this.#pace = new ReadingPace((behaviour.readingSpeed * 1000) / this.#context.chunkMs, this.#context.now());
    }
    if (behaviour.freezesAfterMs !== null) {
      this.#after('freeze', behaviour.freezesAfterMs, () => this.#playout.freeze(this.#context.now()));
    }
    if (behaviour.stalls) this.#stallLater();
    if (behaviour.disconnects) this.#after('disconnect', this.#between(LASTS_MS), () => connection.terminate());
  }

  #play(connection: Connection, sentAtMs: number, durationMs: number): void {
    const now = this.#context.now();
    this.#playout.push(durationMs, now);
    this.#arrivals.push(sentAtMs, this.#ownTime(now));
    const pauseMs = this.#pace?.take(now) ?? 0;
    if (pauseMs > 0) connection.pause(pauseMs);
  }

  #hear(message: ListenerMessage): void {
    if (message.type === 'clock_sync') {
      this.#clock.add(message.t0, message.t1, message.t2, this.#ownTime(this.#context.now()));
    } else if (message.type === 'report_interval' && !this.behaviour.hidden) {
      this.#reportEveryMs = message.reportIntervalMs;
    } else if (message.type === 'error' && this.errors.length < 10) {
      this.errors.push(`${this.plan.client}: the hub said ${message.code}: ${message.message}`);
    }
  }

  #lost(connection: Connection, code: number, refused: number): void {
    this.connection = null;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    if (refused > 0) this.refused++;
    if (code === CLOSE.NOT_ALLOWED)
      this.errors.push(`${this.plan.client}: may not listen: its token needs role listener`);
    if (this.#isEnding) return;
    if (connection.welcome !== null) this.#context.onLeft(this, connection);
    if (refused === 0 && mayReconnect(code)) this.startIn(this.#between(AWAY_MS));
  }

  #report(): void {
    this.connection?.send({ type: 'client_metrics', metrics: this.#metrics() });
    this.#after('report', this.#reportEveryMs, () => this.#report());
  }

  #metrics(): ClientMetricsReport {
    const now = this.#context.now();
    this.#playout.advance(now);
    const playout = this.#playout;
    const estimate = this.#clock.estimate;
    const { ageMs, jitterMs } = this.#arrivals;
    const received = this.connection?.received ?? 0;
    return {
      chunksReceived: received,
      chunkErrors: this.connection?.unreadable ?? 0,
      bufferUnderruns: playout.underruns,
      avgLatencyMs: ageMs === null ? null : ageMs + (estimate?.offsetMs ?? 0),
      errorRate: 0,
      lastSeq: received === 0 ? null : (this.connection?.lastSeq ?? null),
      bufferDepthMs: playout.depthMs,
      jitterMs: ageMs === null ? null : jitterMs,
      rttMs: this.#clock.rttMs,
      clockOffsetMs: estimate?.offsetMs ?? null,
      clockErrorMs: estimate?.errorMs ?? null,
      underrunDurationMs: playout.silenceMs,
      outputLatencyMs: OUTPUT_LATENCY_MS,
      startupMs: playout.startupMs,
      playbackState: playout.state,
      hidden: this.behaviour.hidden,
      sentAt: this.#ownTime(now),
      ...this.behaviour.lies,
    };
  }

  #syncClock(): void {
    this.connection?.send({ type: 'clock_sync', t0: this.#ownTime(this.#context.now()) });
    this.#after('sync', SYNC_EVERY_MS, () => this.#syncClock());
  }

  #stallLater(): void {
    this.#after('stall', this.#between(WORKS_MS), () => {
      this.connection?.pause(this.#context.random() * MAX_STALL_MS);
      this.#stallLater();
    });
  }

  #ownTime(now: number): number {
    return now + this.behaviour.clockSkewMs;
  }

  #between({ min, max }: { readonly min: number; readonly max: number }): number {
    return min + (max - min) * this.#context.random();
  }

  /** One timer of each name at a time, so that all can be cleared. */
  #after(name: string, ms: number, action: () => void): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(action, ms));
  }
}
