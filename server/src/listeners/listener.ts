import type { Holders } from '../limits/places.js';
import { CONNECTION, CONNECTION_STATE, type Tables } from '../state/tables.js';
import { ALL_POSSIBLE, figureOf } from '../state/trust.js';
import { Allowance } from '../time/windows.js';
import { type Peer, SEND, type SendStatus } from '../transport/transport.js';
import { BufferModel } from './buffer-model.js';
import { maxOutstandingMs } from './chunk-bounds.js';
import { Connection } from './connection.js';
import { Outstanding } from './outstanding.js';
import type { RecentChunks } from './recent-chunks.js';

/** A chunk on its way to every listener of a stream, encoded once. */
export interface OutgoingChunk {
  readonly seq: number;
  readonly durationMs: number;
  /** The stream's longest recent chunk, ms. */
  readonly longestMs: number;
  /** The whole message; valid only while it is being sent. */
  readonly message: Uint8Array;
}

/** Audio on its way in a round trip of a second. More than that waits to be read. */
const MAX_UNREAD_MS = 1_000;
const LAST_SEQ = figureOf('last_seq');
/** A reported latency is a mean over at most this many chunks. */
const LATENCY_CHUNKS = 100;

/** Used allowances of a listener. `messages`: since the last sweep before `at`. */
export interface UsedAllowance {
  readonly messages: number;
  readonly at: number;
  readonly refusals: Allowance | null;
}

/** Refusals answered even if its address has used up the allowance: a page must learn what is wrong with it. */
const FREE_REFUSALS = 3;
/** Sweeps count messages anew once a second. */
const SECOND_MS = 1_000;

export interface ListenerLimits {
  /** Audio outstanding beyond which chunks are dropped. */
  readonly maxOutstandingMs: number;
  /** How often a listener is asked to report, unless its status or the load asks for another interval. */
  readonly reportIntervalMs: number;
  readonly maxMessagesPerSecond: number;
  /** Messages a second that end its socket. */
  readonly maxFloodPerSecond: number;
  readonly maxRefusalsPerMinute: number;
}

/** A listener on a socket of this hub, and its account: chunks sent, dropped, and not confirmed. */
export class Listener extends Connection {
  /** Listeners created so far, over all streams. */
  static made = 0;
  /** The first is 1. It tells whether a listener was there when a message came. */
  readonly number = ++Listener.made;
  readonly peer: Peer;
  readonly id: string;
  /** Holders of its place. */
  readonly holders: Holders;
  /** Ping it right after a report that says that it has read what it was sent. */
  isPingDue = false;
  /** How often it would best report, by the last sweep, ms. */
  suitableIntervalMs: number;
  /** Hub's clock at the last sign of life: pong, report, or opening. */
  lastSignAt: number;
  /** When the ping was sent that measures the round trip and waits for its answer; NaN if there is none. */
  lastPingAt = Number.NaN;
  /** Chunks it had been sent when the present engine came. */
  sentBefore = 0;
  /** Audio of its stream that it was not sent, ms: from before it came, and dropped. */
  missedMs = Number.NaN;
  /** `closing`: the hub has closed its socket. Peers that do not answer stay in that state for a while. */
  state: 'open' | 'closing' = 'open';
  /** Why the hub closes it; '' while it is open. */
  closeReason = '';

  readonly #limits: ListenerLimits;
  readonly #outstanding: Outstanding;
  /** Refusals that are answered. Created at the first, because most listeners never need one. */
  #refusals: Allowance | null = null;
  #freeRefusals = 0;
  #confirms = false;
  /** Messages since the last sweep. */
  #messages = 0;

  constructor(
    peer: Peer,
    id: string,
    slot: number,
    table: Tables['connections'],
    limits: ListenerLimits,
    holders: Holders,
    seq: number,
    now: number,
  ) {
    super(table, slot, limits.reportIntervalMs, now);
    this.peer = peer;
    this.id = id;
    this.holders = holders;
    this.#limits = limits;
    this.suitableIntervalMs = limits.reportIntervalMs;
    this.#outstanding = new Outstanding(seq);
    this.lastSignAt = now;
    for (const counter of [CONNECTION.chunks_sent, CONNECTION.chunks_dropped, CONNECTION.bytes_sent])
      table.set(slot, counter, 0);
    for (const counter of [CONNECTION.messages_refused, CONNECTION.dropped_per_min]) table.set(slot, counter, 0);
    table.set(slot, CONNECTION.backlog_bytes, 0);
  }

  /** Close its socket with a WebSocket close code. Return false if it is closing already. */
  end(code: number, reason: string): boolean {
    if (this.state === 'closing') return false;
    this.state = 'closing';
    this.closeReason = reason;
    this.peer.close(code, reason);
    return true;
  }

  override get sentMs(): number {
    return this.#outstanding.ms + this.#outstanding.confirmedMs;
  }

  /** Return the audio that it was sent of `streamMs` of its stream, ms. */
  audioOf(streamMs: number): number {
    return Math.max(0, streamMs - this.missedMs);
  }

  /** Whether it is so far behind that this chunk would come too late. */
  isTooFarBehind(chunk: OutgoingChunk): boolean {
    return (this.confirms && this.#owesTooMuch(chunk)) || this.#holdsTooMuch(chunk);
  }

  /** Book a chunk as sent. */
  sent(chunk: OutgoingChunk, status: SendStatus): void {
    const table = this.table;
    const slot = this.slot;
    this.#outstanding.sent(chunk.seq, chunk.durationMs);
    table.add(slot, CONNECTION.chunks_sent, 1);
    table.add(slot, CONNECTION.bytes_sent, chunk.message.length);
    const backlog = status === SEND.SENT ? 0 : this.peer.backlog();
    table.set(slot, CONNECTION.backlog_bytes, backlog);
    if (this.#confirms) this.#showConfirmed();
    else table.set(slot, CONNECTION.outstanding_ms, backlog === 0 ? 0 : this.#backlogMs(backlog, chunk));
  }

  /** Book a chunk as dropped. */
  drop(chunk: OutgoingChunk, now: number): void {
    this.#outstanding.dropped(chunk.seq);
    this.missedMs += chunk.durationMs;
    this.table.add(this.slot, CONNECTION.chunks_dropped, 1);
    this.noteDrops(1, now);
  }

  /**
   * Count a message. Return false if it is one too many since the last sweep, which comes once a second. `stalledMs`
   * returns how long the loop was blocked lately. Messages of that time come at once.
   */
  takeMessage(stalledMs: () => number): boolean {
    const { maxMessagesPerSecond } = this.#limits;
    if (++this.#messages <= maxMessagesPerSecond) return true;
    return this.#messages <= maxMessagesPerSecond * (1 + stalledMs() / 1000);
  }

  /** Return whether more messages came since the last sweep than any honest page sends. */
  isFlooding(stalledMs: () => number): boolean {
    const { maxFloodPerSecond } = this.#limits;
    return this.#messages > maxFloodPerSecond && this.#messages > maxFloodPerSecond * (1 + stalledMs() / 1000);
  }

  /** Count messages anew after a sweep. */
  swept(): void {
    this.#messages = 0;
  }

  /** Continue what another socket of the same address had used. */
  inherit({ messages, at, refusals }: UsedAllowance, now: number): void {
    // An honest page may share the address of a flood, so half of the messages are always its own.
    if (now - at < SECOND_MS) this.#messages = Math.min(messages, this.#limits.maxMessagesPerSecond / 2);
    this.#refusals = refusals;
    this.#freeRefusals = FREE_REFUSALS;
  }

  /** Return its used allowances, or null if it has used hardly any. */
  used(now: number): UsedAllowance | null {
    if (this.#refusals === null && this.#messages <= this.#limits.maxMessagesPerSecond / 2) return null;
    return { messages: this.#messages, at: now, refusals: this.#refusals };
  }

  /** Count a refusal of its messages. Return false if too many were answered in this minute. */
  takeRefusal(now: number): boolean {
    this.#refusals ??= new Allowance(this.#limits.maxRefusalsPerMinute, 60_000);
    return this.#refusals.take(now) || this.#freeRefusals-- > 0;
  }

  /** Whether the refusal just counted is the last that is answered in this minute. */
  get isLastRefusal(): boolean {
    return this.#refusals?.left === 0;
  }

  /**
   * Return the age of the oldest chunk that a latency reported now can speak of, ms. A latency is a mean over at most
   * 100 chunks received, up to `lastSeq`, none sent before it came.
   */
  oldestChunkMs(lastSeq: number | null, chunks: RecentChunks): number {
    const connectedMs = this.lastSignAt - this.openedAt;
    if (lastSeq === null) return connectedMs;
    const first = lastSeq + 1 - LATENCY_CHUNKS - this.table.get(this.slot, CONNECTION.chunks_dropped);
    return Math.min(connectedMs, this.lastSignAt - chunks.sentAt(first));
  }

  /** Whether it confirms often enough. A hidden page confirms once a minute, because its timers run so. */
  get confirms(): boolean {
    return this.#confirms && !this.isHidden;
  }

  /**
   * Whether no more is on its way than a network carries, by its last report. A ping would then not wait behind
   * audio.
   */
  get isCaughtUp(): boolean {
    return this.#outstanding.chunks <= 1 || this.#outstanding.ms <= MAX_UNREAD_MS;
  }

  /**
   * Send a ping. Pings and chunks share one queue, so behind unread audio a round trip measures that audio.
   * `measures`: nothing waits.
   */
  ping(measures: boolean, now: number): void {
    this.lastPingAt = measures ? now : Number.NaN;
    this.isPingDue = false;
    new DataView(pingPayload.buffer).setFloat64(0, now);
    this.peer.ping(pingPayload);
  }

  /**
   * Take a report whose readings its row already shows, and that confirms the chunks up to `lastSeq`. It came at the
   * last sign of life. Return whether it has an impossible figure.
   */
  reported(lastSeq: number | null, chunks: RecentChunks): boolean {
    this.noteReport(this.lastSignAt);
    shown[SHOWN.reports] = this.table.get(this.slot, CONNECTION.reports) + 1;
    shown[SHOWN.lastReportAt] = this.table.epochS(this.lastReportAt);
    isShown[SHOWN.inFlight] = isShown[SHOWN.outstanding] = isShown[SHOWN.model] = 0;
    const contradicts = lastSeq !== null && this.#outstanding.contradicts(lastSeq);
    // It confirms a chunk that it cannot have, so the backlog of its socket counts instead.
    if (contradicts) this.#confirms = false;
    // A confirmation of a chunk that was never sent confirms nothing.
    else if (lastSeq !== null && this.#outstanding.confirm(lastSeq, chunks)) {
      this.#confirms = true;
      shown[SHOWN.inFlight] = this.#outstanding.chunks;
      shown[SHOWN.outstanding] = this.#outstanding.ms;
      isShown[SHOWN.inFlight] = isShown[SHOWN.outstanding] = 1;
    }
    const isImpossible = this.checkReport(contradicts ? LAST_SEQ : ALL_POSSIBLE);
    if (this.saysImpossible) this.#stopModel();
    else this.#updateModel(chunks.longestMs);
    this.measureGap();
    this.table.setSome(this.slot, SHOWN_COLUMNS, shown, isShown);
    return isImpossible;
  }

  /** Its buffer is unknown while its figures do not count. */
  #stopModel(): void {
    if (this.model === null) return;
    this.model.notPlaying();
    shown[SHOWN.model] = Number.NaN;
    isShown[SHOWN.model] = 1;
  }

  #updateModel(chunkMs: number): void {
    const depthMs = this.table.get(this.slot, CONNECTION.buffer_depth_ms);
    // A listener that reports no received chunk cannot confirm, but its buffer can be compared with that.
    const saysReceived = this.#confirms || this.table.get(this.slot, CONNECTION.chunks_received) === 0;
    if (this.model === null && (Number.isNaN(depthMs) || !saysReceived)) return;
    this.model ??= new BufferModel();
    if (this.isPlaying && !Number.isNaN(depthMs)) {
      const underrunMs = this.table.get(this.slot, CONNECTION.underrun_duration_ms) || 0;
      const saidAt = this.table.get(this.slot, CONNECTION.sent_at_ms);
      const at = Number.isNaN(saidAt) ? this.lastSignAt : saidAt;
      const receivedMs = this.#outstanding.confirmedMs;
      this.model.playing({ at, sinceMs: this.sinceMs, receivedMs, depthMs, underrunMs }, chunkMs);
    } else this.model.notPlaying();
    shown[SHOWN.model] = this.model.modelMs;
    isShown[SHOWN.model] = 1;
  }

  override refresh(now: number): void {
    this.table.set(this.slot, CONNECTION.backlog_bytes, this.peer.backlog());
    super.refresh(now);
  }

  override close(code: number, reason: string, now: number): void {
    super.close(code, reason, now);
    this.table.set(this.slot, CONNECTION.backlog_bytes, 0);
  }

  #owesTooMuch(chunk: OutgoingChunk): boolean {
    // A listener with nothing outstanding is not behind, however long the chunk.
    if (this.#outstanding.chunks === 0) return false;
    // A confirmation may be one interval old through no fault of the listener. A page that is asked for more reports
    // may not understand, and would lose chunks, so the longer interval counts.
    const intervalMs = Math.max(this.#limits.reportIntervalMs, this.reportIntervalMs);
    const allowed = maxOutstandingMs(this.#limits.maxOutstandingMs, chunk.longestMs) + intervalMs;
    return this.#outstanding.isFragmented || this.#outstanding.ms + chunk.durationMs > allowed;
  }

  /** Judge by its socket's backlog, whatever it confirms: a stranger can confirm what it never read. */
  #holdsTooMuch(chunk: OutgoingChunk): boolean {
    // Do not ask a socket in which nothing waits.
    if (this.table.get(this.slot, CONNECTION.backlog_bytes) === 0) return false;
    const allowed = maxOutstandingMs(this.#limits.maxOutstandingMs, chunk.longestMs);
    return this.#backlogMs(this.peer.backlog(), chunk) > allowed;
  }

  /** Return the audio in this many bytes, ms, by the present chunk. */
  #backlogMs(bytes: number, chunk: OutgoingChunk): number {
    return (bytes * chunk.durationMs) / chunk.message.length;
  }

  #showConfirmed(): void {
    this.table.set(this.slot, CONNECTION.chunks_in_flight, this.#outstanding.chunks);
    this.table.set(this.slot, CONNECTION.outstanding_ms, this.#outstanding.ms);
  }
}

/** Columns that a report changes beside its own readings, written in one call, which marks the row once. */
const SHOWN = { reports: 0, lastReportAt: 1, state: 2, inFlight: 3, outstanding: 4, model: 5 } as const;
const SHOWN_COLUMNS = Uint16Array.of(
  CONNECTION.reports,
  CONNECTION.last_report_at,
  CONNECTION.state,
  CONNECTION.chunks_in_flight,
  CONNECTION.outstanding_ms,
  CONNECTION.buffer_model_ms,
);
const shown = Float64Array.of(0, 0, CONNECTION_STATE.open, 0, 0, 0);
const isShown = new Uint8Array(shown.length).fill(1);

/** One for all, because it is sent before the next is written. */
const pingPayload = new Uint8Array(8);
