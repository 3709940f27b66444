import { DEFAULT_REPORT_INTERVAL_MS } from '@auralis/shared/limits';
import { AUDIO_SUBPROTOCOL, readChunk } from '@auralis/shared/listener';
import { HubClock } from '../clock.js';
import { Connection } from '../connection.js';
import { guarded, reportFault } from '../guard.js';
import { defaultRuntime, type Runtime, type Socket, type SocketConstructor } from '../runtime.js';
import { protocolsWith } from '../token.js';
import { clientId } from './client-id.js';
import { listenUrl } from './listen-url.js';
import { Liveness } from './liveness.js';
import { isCount, playbackFigures, possibleMs } from './playback.js';
import type {
  AudioFormat,
  ClientStats,
  Figures,
  ListenerMessage,
  ListenerWelcome,
  ListenOptions,
  ListenState,
} from './types.js';

/** Exchanges at the start, and how far apart: the shortest of a handful of round trips is near the true one. */
const QUICK_EXCHANGES = 5;
const QUICK_EXCHANGE_MS = 250;
const EXCHANGE_MS = 15_000;
/** Reports are not piled up on an uplink that does not move. */
const MAX_BACKLOG_BYTES = 16 * 1024;
/** The hub may ask for no shorter interval than this. */
const MIN_REPORT_INTERVAL_MS = 100;

type Counter = 'chunksReceived' | 'chunkErrors' | 'bufferUnderruns' | 'underrunDurationMs';

/** Counters of the listener. */
export interface Counts {
  readonly chunksReceived: number;
  readonly chunkErrors: number;
  readonly latencySamples: readonly number[];
  recordChunkReceived(sentAtMs: number): void;
  recordChunkError(): void;
  clearLatency(): void;
  getStats(): ClientStats;
}

/** The connection of one audio page: chunks in, reports and clock exchanges out. */
export class Listener {
  state: ListenState = 'connecting';
  format: AudioFormat | null = null;
  welcome: ListenerWelcome | null = null;
  closeCode: number | null = null;
  readonly now: () => number;

  readonly #options: ListenOptions;
  readonly #counts: Counts;
  readonly #runtime: Runtime;
  readonly #connection: Connection;
  readonly #clock = new HubClock();
  #reportIntervalMs = DEFAULT_REPORT_INTERVAL_MS;
  #reportTimer: unknown;
  #exchangeTimer: unknown;
  #exchanges = 0;
  readonly #liveness: Liveness;
  /**
   * Counts when this connection began: the hub has a row for each connection and holds it against what it sent there.
   */
  #before: Partial<Record<Counter, number | null>> = {};
  /** This connection's last chunk, its raw latency, and how much that varies. */
  #lastSeq: number | null = null;
  #transit = Number.NaN;
  #jitterMs: number | null = null;
  #complaint = '';

  constructor(url: string, options: ListenOptions, counts: Counts) {
    this.#options = options;
    this.#counts = counts;
    this.#runtime = options.runtime ?? defaultRuntime;
    this.now = this.#runtime.now;
    const questioner = { ask: () => this.#exchange(), dead: () => this.#connection.drop() };
    this.#liveness = new Liveness(questioner, this.#runtime);
    const client = options.client ?? clientId(this.#runtime.random);
    const connect = (): Socket => {
      const address = listenUrl(url, client);
      const Socket = options.WebSocket ?? (WebSocket as unknown as SocketConstructor);
      // Without a token no subprotocol either: a server of one's own may know none.
      if (options.token === undefined) return new Socket(address.href);
      return new Socket(address.href, protocolsWith(AUDIO_SUBPROTOCOL, options.token));
    };
    this.#connection = new Connection(
      connect,
      {
        opened: () => {},
        received: (data) => this.#received(data),
        lost: (code, again) => {
          if (!again) this.closeCode = code;
          this.#lost(again);
        },
      },
      this.#runtime,
    );
  }

  open(): void {
    globalThis.document?.addEventListener('visibilitychange', this.#report);
    this.#connection.open();
  }

  close(): void {
    this.#connection.close();
    this.#lost(false);
  }

  /** Hub's clock minus this one; null before the first exchange. */
  offsetMs(): number | null {
    return this.#clock.estimate(this.now())?.offsetMs ?? null;
  }

  /** Return the fields of a report beyond the counts, if known. */
  figures(): Figures {
    const now = this.now();
    const clock = this.#clock.estimate(now);
    return {
      lastSeq: this.#lastSeq,
      jitterMs: possibleMs(this.#jitterMs),
      rttMs: possibleMs(this.#clock.rttMs),
      clockOffsetMs: clock?.offsetMs ?? null,
      clockErrorMs: possibleMs(clock?.errorMs),
      ...playbackFigures(this.#options.playback),
      hidden: globalThis.document?.hidden ?? null,
      sentAt: now,
    };
  }

  #received(data: ArrayBuffer | string): void {
    this.#liveness.heard();
    if (typeof data !== 'string') this.#chunk(new Uint8Array(data));
    else {
      try {
        this.#message(JSON.parse(data));
      } catch (error) {
        reportFault(error);
      }
    }
  }

  #chunk(bytes: Uint8Array): void {
    const chunk = readChunk(bytes);
    if (chunk === null) {
      this.#counts.recordChunkError();
      return;
    }
    this.#counts.recordChunkReceived(chunk.sentAtMs);
    this.#liveness.heardChunk(chunk.durationMs);
    this.#lastSeq = chunk.seq;
    // RFC 3550, 6.4.1: a mean of how much the transit time changes from one to the next, over about 16.
    const now = this.now();
    this.#clock.saw(now);
    const transit = now - chunk.sentAtMs;
    const change = Math.abs(transit - this.#transit);
    this.#transit = transit;
    if (change >= 0) this.#jitterMs = (this.#jitterMs ?? 0) + (change - (this.#jitterMs ?? 0)) / 16;
    guarded(this.#options.onChunk, chunk, () => this.#counts.recordChunkError());
  }

  #message(message: ListenerMessage): void {
    switch (message.type) {
      case 'welcome':
        this.welcome = message;
        this.#before = { ...this.#counts.getStats() };
        this.#exchanges = 0;
        // It may be another hub: neither its clock nor what was measured by it goes on.
        this.#clock.reset();
        this.#counts.clearLatency();
        this.#setState('open');
        this.#setFormat(message.format);
        this.#setReportInterval(message.reportIntervalMs);
        this.#exchange();
        break;
      case 'format':
        this.#setFormat(message.format);
        break;
      case 'report_interval':
        this.#setReportInterval(message.reportIntervalMs);
        break;
      case 'clock_sync':
        if (this.#clock.add({ ...message, t3: this.now() })) {
          this.#counts.clearLatency();
          this.#transit = Number.NaN;
        }
        break;
      case 'error':
        // Once, and not with every report that is refused for the same reason.
        if (this.#complaint !== message.message) console.warn(`Auralis: ${message.code}, ${message.message}`);
        this.#complaint = message.message;
    }
  }

  #lost(again: boolean): void {
    this.#runtime.clearTimeout(this.#reportTimer);
    this.#runtime.clearTimeout(this.#exchangeTimer);
    this.#lastSeq = this.#jitterMs = null;
    this.#transit = Number.NaN;
    this.#liveness.stop();
    if (!again) globalThis.document?.removeEventListener('visibilitychange', this.#report);
    this.#setState(again ? 'reconnecting' : 'closed');
  }

  #setState(state: ListenState): void {
    if (state === this.state) return;
    this.state = state;
    guarded(this.#options.onState, state);
  }

  #setFormat(format: AudioFormat | null): void {
    this.format = format ?? null;
    guarded(this.#options.onFormat, this.format);
  }

  /**
   * The first report at a random point of the interval: a thousand listeners told at once must not answer at once.
   */
  #setReportInterval(ms: number): void {
    if (ms > 0) this.#reportIntervalMs = Math.max(ms, MIN_REPORT_INTERVAL_MS);
    this.#scheduleReport(this.#reportIntervalMs * this.#runtime.random());
  }

  #scheduleReport(ms: number): void {
    this.#runtime.clearTimeout(this.#reportTimer);
    this.#reportTimer = this.#runtime.setTimeout(() => {
      this.#scheduleReport(this.#reportIntervalMs);
      this.#report();
    }, ms);
  }

  readonly #report = (): void => {
    if (this.state !== 'open' || this.#connection.backlogBytes > MAX_BACKLOG_BYTES) return;
    const stats = this.#counts.getStats();
    const chunksReceived = this.#countSince('chunksReceived', stats);
    const chunkErrors = this.#countSince('chunkErrors', stats);
    const metrics = {
      ...stats,
      chunksReceived,
      chunkErrors,
      bufferUnderruns: this.#countSince('bufferUnderruns', stats),
      avgLatencyMs: this.#counts.latencySamples.length > 0 ? stats.avgLatencyMs : null,
      errorRate: (chunkErrors ?? 0) / Math.max(chunksReceived ?? 0, 1),
      underrunDurationMs: this.#since('underrunDurationMs', stats),
    };
    this.#connection.send(JSON.stringify({ type: 'client_metrics', metrics }, shortened));
  };

  /** A page can write into its counts: null for one that the hub would refuse. */
  #countSince(counter: Counter, stats: Partial<Record<Counter, number | null>>): number | null {
    const count = this.#since(counter, stats);
    return isCount(count) ? count : null;
  }

  /** Since this connection began; what is lower than it was then has begun anew. */
  #since(counter: Counter, stats: Partial<Record<Counter, number | null>>): number | null {
    const count = stats[counter] ?? null;
    if (count === null) return null;
    if (count < (this.#before[counter] ?? 0)) this.#before[counter] = 0;
    return count - (this.#before[counter] ?? 0);
  }

  #exchange(): void {
    const ms = ++this.#exchanges < QUICK_EXCHANGES ? QUICK_EXCHANGE_MS : EXCHANGE_MS;
    this.#runtime.clearTimeout(this.#exchangeTimer);
    this.#exchangeTimer = this.#runtime.setTimeout(() => this.#exchange(), ms);
    this.#connection.send(JSON.stringify({ type: 'clock_sync', t0: this.now() }));
    this.#liveness.asked();
  }
}

/**
 * Four decimals, as the hub keeps at most; three of a time since 1970, which has no more. No browser measures finer.
 * NaN, should there be one, becomes null: missing.
 */
function shortened(_key: string, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  const factor = Math.abs(value) > 1e9 ? 1e3 : 1e4;
  return Math.round(value * factor) / factor;
}
