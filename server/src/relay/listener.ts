import { CONNECTION, CONNECTION_STATE, type Tables } from '../state/tables.js';
import { Allowance, EventWindow } from '../state/windows.js';
import { type Peer, SEND } from '../transport/transport.js';
import { healthOf, PLAYING, type Signs, STALLED, trustOf } from './health.js';
import { type ChunkDurations, Outstanding } from './outstanding.js';
import { PlaybackWatch } from './playback-watch.js';

/** A chunk on its way to every listener of a stream: encoded once. */
export interface OutgoingChunk {
  readonly seq: number;
  readonly durationMs: number;
  /** The whole message; valid only while it is being sent. */
  readonly message: Uint8Array;
}

/** A chunk that is this much later than a chunk's own time is no jitter of the engine. */
const LATE_CHUNK_MS = 500;
/** A buffer beyond this is not one that a player of live audio keeps. */
const MAX_DEPTH_MS = 1_000;

export interface ListenerLimits {
  /** Audio outstanding beyond which chunks are dropped. */
  readonly maxOutstandingMs: number;
  /** A confirmation may be this old through no fault of the listener. */
  readonly reportIntervalMs: number;
  readonly maxMessagesPerSecond: number;
  readonly maxRefusalsPerMinute: number;
}

/**
 * One listener and its account: what it was sent, what was dropped, what it has not confirmed. Every figure lives in its
 * row of `connections`; here is only what the row cannot say.
 */
export class Listener {
  readonly peer: Peer;
  readonly id: string;
  readonly slot: number;
  /** Refusals and messages allowed to it. */
  readonly messages: Allowance;
  readonly refusals: Allowance;
  readonly openedAt: number;
  /** Hub's clock at the last sign of life: pong, report, or opening. */
  lastSignAt: number;
  lastReportAt: number;
  /** When the ping was sent that waits for its answer; NaN where none does. */
  lastPingAt = Number.NaN;
  /** Chunks it had been sent when the present engine came. */
  sentBefore = 0;
  /** Why the hub closed it, where it did. */
  closeReason = '';

  readonly #table: Tables['connections'];
  readonly #limits: ListenerLimits;
  readonly #outstanding: Outstanding;
  /** Made at the first report that speaks of playback. */
  #watch: PlaybackWatch | null = null;
  #underrunsJudged = 0;
  /** Made at the first drop: most listeners never need one. */
  #drops: EventWindow | null = null;
  #confirms = false;
  #hidden = false;

  constructor(
    peer: Peer,
    id: string,
    slot: number,
    table: Tables['connections'],
    limits: ListenerLimits,
    seq: number,
    now: number,
  ) {
    this.peer = peer;
    this.id = id;
    this.slot = slot;
    this.#table = table;
    this.#limits = limits;
    this.#outstanding = new Outstanding(seq);
    this.messages = new Allowance(limits.maxMessagesPerSecond, 1000);
    this.refusals = new Allowance(limits.maxRefusalsPerMinute, 60_000);
    this.openedAt = now;
    this.lastSignAt = now;
    this.lastReportAt = now;
    for (const counter of [CONNECTION.chunks_sent, CONNECTION.chunks_dropped, CONNECTION.bytes_sent])
      table.set(slot, counter, 0);
    for (const counter of [CONNECTION.reports, CONNECTION.messages_refused, CONNECTION.dropped_per_min])
      table.set(slot, counter, 0);
    table.set(slot, CONNECTION.backlog_bytes, 0);
    table.set(slot, CONNECTION.connected_at, now / 1000);
    table.set(slot, CONNECTION.state, CONNECTION_STATE.open);
  }

  /** Sends the chunk, or drops it if the listener is too far behind, and books which. Returns whether it was sent. */
  offer(chunk: OutgoingChunk, now: number): boolean {
    if (this.#isTooFarBehind(chunk)) return this.#drop(chunk, now);
    const status = this.peer.send(chunk.message);
    if (status === SEND.DROPPED) return this.#drop(chunk, now);
    const table = this.#table;
    const slot = this.slot;
    this.#outstanding.sent(chunk.seq, chunk.durationMs);
    table.add(slot, CONNECTION.chunks_sent, 1);
    table.add(slot, CONNECTION.bytes_sent, chunk.message.length);
    table.set(slot, CONNECTION.backlog_bytes, status === SEND.SENT ? 0 : this.peer.backlog());
    this.#showOutstanding(chunk);
    return true;
  }

  /** Books a confirmation; false where it confirms a chunk that was never sent. */
  confirm(seq: number, durations: ChunkDurations): boolean {
    if (!this.#outstanding.confirm(seq, durations)) return false;
    this.#confirms = true;
    this.#showConfirmed();
    return true;
  }

  /** A hidden page confirms once a minute, as its timers run: until it is shown again, its socket speaks for it. */
  setHidden(hidden: boolean): void {
    this.#hidden = hidden;
  }

  /** Takes in a report that its row already shows. */
  reported(now: number): void {
    this.lastReportAt = now;
    const depthMs = this.#table.get(this.slot, CONNECTION.buffer_depth_ms);
    if (Number.isNaN(depthMs) || !this.#confirms) return;
    this.#watch ??= new PlaybackWatch();
    if (this.#table.get(this.slot, CONNECTION.playback_state) === PLAYING || this.#isStalled()) {
      const underrunMs = this.#table.get(this.slot, CONNECTION.underrun_duration_ms) || 0;
      const receivedMs = this.#outstanding.confirmedMs;
      this.#watch.playing({ at: now, receivedMs, depthMs, underrunMs }, MAX_DEPTH_MS);
    } else this.#watch.notPlaying();
    this.#table.set(this.slot, CONNECTION.buffer_model_ms, this.#watch.modelMs);
  }

  /** Judges how it fares, once a second. `chunkAt`: when its stream's last chunk came. Returns its health. */
  judge(now: number, chunkAt: number): number {
    const table = this.#table;
    const { slot } = this;
    const timeToSilenceMs = this.#watch?.timeToSilenceMs(now, chunkAt, LATE_CHUNK_MS) ?? Number.NaN;
    const underruns = table.get(slot, CONNECTION.buffer_underruns) || 0;
    const signs: Signs = {
      reportAgeMs: now - this.lastReportAt,
      reportIntervalMs: this.#limits.reportIntervalMs,
      hidden: this.#hidden,
      newUnderruns: underruns - this.#underrunsJudged,
      divergence: this.#watch?.divergence ?? null,
      timeToSilenceMs,
    };
    this.#underrunsJudged = underruns;
    const { health, reason } = healthOf(table, slot, signs);
    table.set(slot, CONNECTION.time_to_silence_ms, timeToSilenceMs);
    table.set(slot, CONNECTION.trust, trustOf(table, slot, signs));
    table.set(slot, CONNECTION.health, health);
    table.set(slot, CONNECTION.health_reason, reason);
    return health;
  }

  #isStalled(): boolean {
    return this.#table.get(this.slot, CONNECTION.playback_state) === STALLED;
  }

  /** Brings up to date what changes by time alone. */
  refresh(now: number): void {
    this.#table.set(this.slot, CONNECTION.backlog_bytes, this.peer.backlog());
    if (this.#drops !== null) this.#table.set(this.slot, CONNECTION.dropped_per_min, this.#drops.total(now));
  }

  #isTooFarBehind(chunk: OutgoingChunk): boolean {
    return (this.#byConfirmation && this.#owesTooMuch(chunk)) || this.#holdsTooMuch(chunk);
  }

  #owesTooMuch(chunk: OutgoingChunk): boolean {
    // One that owes nothing is not behind, however long the chunk.
    if (this.#outstanding.chunks === 0) return false;
    const allowed = this.#limits.maxOutstandingMs + this.#limits.reportIntervalMs;
    return this.#outstanding.isFragmented || this.#outstanding.ms + chunk.durationMs > allowed;
  }

  /** By what waits in its socket, whatever it says: a stranger can confirm what it never read. */
  #holdsTooMuch(chunk: OutgoingChunk): boolean {
    // A socket that has nothing waiting need not be asked.
    if (this.#table.get(this.slot, CONNECTION.backlog_bytes) === 0) return false;
    return this.#backlogMs(this.peer.backlog(), chunk) > this.#limits.maxOutstandingMs;
  }

  get #byConfirmation(): boolean {
    return this.#confirms && !this.#hidden;
  }

  #backlogMs(bytes: number, chunk: OutgoingChunk): number {
    return (bytes * chunk.durationMs) / chunk.message.length;
  }

  #drop(chunk: OutgoingChunk, now: number): false {
    this.#drops ??= new EventWindow(60_000);
    this.#drops.add(now);
    this.#outstanding.dropped(chunk.seq);
    this.#table.add(this.slot, CONNECTION.chunks_dropped, 1);
    this.#table.set(this.slot, CONNECTION.dropped_per_min, this.#drops.total(now));
    return false;
  }

  #showOutstanding(chunk: OutgoingChunk): void {
    if (this.#confirms) this.#showConfirmed();
    else {
      const backlog = this.#table.get(this.slot, CONNECTION.backlog_bytes);
      this.#table.set(this.slot, CONNECTION.outstanding_ms, backlog === 0 ? 0 : this.#backlogMs(backlog, chunk));
    }
  }

  #showConfirmed(): void {
    this.#table.set(this.slot, CONNECTION.chunks_in_flight, this.#outstanding.chunks);
    this.#table.set(this.slot, CONNECTION.outstanding_ms, this.#outstanding.ms);
  }
}
