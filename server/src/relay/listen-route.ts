import {
  AUDIO_SUBPROTOCOL,
  CLIENT_ID,
  CLOSE,
  type ErrorCode,
  type ListenerMessage,
  MAX_CHUNK_MESSAGE_BYTES,
  MAX_FRAMES_PER_S,
  MAX_FULL_MESSAGES_PER_S,
  MAX_LISTENER_MESSAGE_BYTES,
  STREAM_NAME,
} from '@auralis/shared';
import { type Holders, holdersOf, type NoPlace } from '../limits/places.js';
import { LEAST_CHUNKS } from '../listeners/chunk-bounds.js';
import { isGoodbye } from '../listeners/goodbye.js';
import type { Listener } from '../listeners/listener.js';
import type { HubCounters } from '../state/counters.js';
import { CONNECTION, type Tables } from '../state/tables.js';
import { offeredProtocols } from '../transport/subprotocols.js';
import type { Peer, SocketHandler, SocketRoute, UpgradeAnswer, UpgradeRequest } from '../transport/transport.js';
import type { Relay } from './relay.js';
import type { Stream } from './stream.js';

/** A socket never holds more than a few of the largest chunks. The relay drops late chunks long before. */
const MAX_LISTENER_BACKLOG_BYTES = LEAST_CHUNKS * MAX_CHUNK_MESSAGE_BYTES;

/** Reads and checks listeners' messages. */
export interface Messages {
  /** Read a message and check all of it. Throws if it is refused; `refusalCode` then gives the code. */
  read(
    data: Uint8Array,
    isBinary: boolean,
  ): { readonly type: 'client_metrics' } | { readonly type: 'clock_sync'; readonly t0: number };
  /** Content of the last `client_metrics` read; valid until the next. */
  readonly report: {
    readonly lastSeq: number | null;
    readonly hidden: boolean | null;
    readonly ignored: number;
    oldestChunkMs: number;
    readonly isLatencyImpossible: boolean;
    writeTo(table: Tables['connections'], slot: number): void;
  };
  /** Return the code of a refusal, or null for an internal error. */
  refusalCode(error: unknown): ErrorCode | null;
}

export interface ListenContext {
  readonly relay: Relay;
  readonly messages: Messages;
  readonly tables: Tables;
  readonly counters: HubCounters;
  /** Hub's clock, ms, fractional. */
  readonly now: () => number;
  readonly isDraining: () => boolean;
  /** Return how long the loop was blocked lately, ms. */
  readonly stalledMs: () => number;
}

/** `/api/v1/streams/{stream}/listen` */
export function listenRoute(context: ListenContext): SocketRoute {
  return {
    pattern: '/api/v1/streams/:stream/listen',
    maxMessageBytes: MAX_LISTENER_MESSAGE_BYTES,
    maxFramesPerS: MAX_FRAMES_PER_S,
    maxBytesPerS: MAX_FULL_MESSAGES_PER_S * MAX_LISTENER_MESSAGE_BYTES,
    maxBacklogBytes: MAX_LISTENER_BACKLOG_BYTES,
    upgrade: (request) => answer(request, context),
  };
}

function answer(request: UpgradeRequest, context: ListenContext): UpgradeAnswer {
  const name = streamName(request.path);
  if (name === null) return { refuse: 400, message: STREAM_NAME_RULE };
  const client = request.query.get('client') ?? '';
  if (client !== '' && !CLIENT_ID.test(client)) {
    return { refuse: 400, message: 'client: 1 to 64 of A–Z a–z 0–9 . _ -' };
  }
  if (context.isDraining()) return { refuse: 503, message: 'the hub is shutting down' };
  const { relay, counters } = context;
  const holders = holdersOf(request.remoteAddress, request.token);
  const refusal = relay.places.refusal(holders);
  if (refusal !== null) {
    counters.add(refusal === 'share' ? 'refused_over_share' : 'refused_at_capacity');
    if (refusal === 'share') return overShare('listeners', relay.places.share);
    return { refuse: 503, message: `all ${relay.options.maxClients} places are taken (--max-clients)` };
  }
  const stream = relay.streamToListenTo(name, context.now(), holders);
  if (typeof stream === 'string') return noStream(stream);
  const { remoteAddress } = request;
  return { accept: new ListenerSocket(stream, client, remoteAddress, holders, context), ...audioProtocol(request) };
}

/** Refuse a socket because no stream can be made for it. The relay has counted that. */
export function noStream(refusal: NoPlace): UpgradeAnswer {
  if (refusal === 'full') return { refuse: 503, message: 'the hub has too many streams' };
  return { refuse: 429, message: `this address or token ${OVER_SHARE}: too many streams` };
}

/** Refuse a socket because its address or token has `share` of the kind. */
function overShare(kind: string, share: number): UpgradeAnswer {
  return { refuse: 429, message: `this address or token ${OVER_SHARE}: ${share} ${kind}` };
}

const OVER_SHARE = 'holds its share (--max-share-percent)';

export const STREAM_NAME_RULE = 'a stream name is 1 to 64 of A–Z a–z 0–9 . _ -, and neither . nor ..';

/** Return the stream in `/api/v1/streams/{stream}/…`, or null if it is not a valid name. */
export function streamName(path: string): string | null {
  const name = path.split('/')[4] ?? '';
  return STREAM_NAME.test(name) ? name : null;
}

/**
 * Echo the subprotocol if it is offered. A page that offers protocols, a token among them, needs one of them in the
 * answer.
 */
export function audioProtocol({ headers }: UpgradeRequest): { readonly protocol?: string } {
  const offered = offeredProtocols(headers.get('sec-websocket-protocol'));
  return offered.includes(AUDIO_SUBPROTOCOL) ? { protocol: AUDIO_SUBPROTOCOL } : {};
}

/** One listener's socket: takes its reports, answers its clock, and keeps its account through the relay. */
class ListenerSocket implements SocketHandler {
  readonly #stream: Stream;
  readonly #client: string;
  readonly #address: string;
  readonly #holders: Holders;
  readonly #context: ListenContext;
  #listener: Listener | null = null;

  constructor(stream: Stream, client: string, address: string, holders: Holders, context: ListenContext) {
    this.#stream = stream;
    this.#client = client;
    this.#address = address;
    this.#holders = holders;
    this.#context = context;
  }

  onOpen(peer: Peer): void {
    const { relay, now } = this.#context;
    const listener = relay.join(this.#stream, peer, this.#client, this.#address, this.#holders, now());
    this.#listener = listener;
    const { name, seq, format } = this.#stream;
    const { reportIntervalMs } = listener;
    say(peer, { type: 'welcome', connectionId: listener.id, stream: name, reportIntervalMs, seq, format });
  }

  onMessage(_peer: Peer, data: Uint8Array, isBinary: boolean): void {
    const listener = this.#listener;
    if (listener === null || listener.peer.isClosing) return;
    const { messages, now, stalledMs } = this.#context;
    const t1 = now();
    if (!listener.takeMessage(stalledMs)) {
      this.#refuse(listener, 'too_fast', 'more messages a second than the limit', t1);
      if (listener.isFlooding(stalledMs)) this.#endFlood(listener);
      return;
    }
    try {
      const input = messages.read(data, isBinary);
      listener.lastSignAt = t1;
      if (input.type === 'client_metrics') this.#takeReport(listener);
      else say(listener.peer, { type: 'clock_sync', t0: input.t0, t1, t2: now() });
    } catch (error) {
      const code = messages.refusalCode(error);
      if (code === null) throw error;
      this.#refuse(listener, code, (error as Error).message, t1);
    }
  }

  onPong(_peer: Peer, payload: Uint8Array): void {
    const listener = this.#listener;
    if (listener === null) return;
    const now = this.#context.now();
    listener.lastSignAt = now;
    // Ignore pongs that answer no ping of ours, or one that was answered.
    if (
      payload.length === 8 &&
      new DataView(payload.buffer, payload.byteOffset).getFloat64(0) === listener.lastPingAt
    ) {
      this.#context.tables.connections.set(listener.slot, CONNECTION.rtt_ms, now - listener.lastPingAt);
      listener.lastPingAt = Number.NaN;
    }
  }

  onDrain(_peer: Peer): void {
    this.#listener?.refresh(this.#context.now());
  }

  onClose(_peer: Peer, code: number, oversize: boolean): void {
    const listener = this.#listener;
    if (listener === null) return;
    const { relay, counters, now } = this.#context;
    this.#listener = null;
    if (oversize) counters.add('messages_oversize');
    const reason = listener.closeReason || (oversize ? 'message too large' : reasonOf(code));
    relay.leave(this.#stream, listener, code, reason, now());
  }

  #takeReport(listener: Listener): void {
    const { messages, tables, counters } = this.#context;
    const { report } = messages;
    const { lastSeq } = report;
    const { recent } = this.#stream;
    report.oldestChunkMs = listener.oldestChunkMs(lastSeq, recent);
    report.writeTo(tables.connections, listener.slot);
    counters.addReport();
    if (report.ignored > 0) counters.add('fields_ignored', report.ignored);
    if (report.isLatencyImpossible) counters.add('latency_impossible');
    if (report.hidden !== null) listener.setHidden(report.hidden);
    if (listener.reported(lastSeq, recent)) counters.add('figures_impossible');
    this.#stream.bookReportedGap(listener);
    if (listener.isPingDue && listener.isCaughtUp) listener.ping(true, this.#context.now());
    if (!listener.isHidden) this.#pace(listener);
  }

  /** Ask for more or fewer reports if its status or the load has changed. */
  #pace(listener: Listener): void {
    const reportIntervalMs = this.#context.relay.pace.next(listener.suitableIntervalMs, listener.reportIntervalMs);
    if (reportIntervalMs === listener.reportIntervalMs) return;
    listener.askFor(reportIntervalMs);
    say(listener.peer, { type: 'report_interval', reportIntervalMs });
  }

  /**
   * Refuse a message, count it and say why. Refusals never close the socket: a page whose reports are all wrong keeps
   * its audio.
   */
  #refuse(listener: Listener, code: ErrorCode, message: string, now: number): void {
    const { tables, counters } = this.#context;
    tables.connections.add(listener.slot, CONNECTION.messages_refused, 1);
    counters.add('messages_refused');
    if (!listener.takeRefusal(now)) return;
    const more = listener.isLastRefusal ? ' (further refusals in this minute are counted and not answered)' : '';
    say(listener.peer, { type: 'error', code, message: message + more });
  }

  #endFlood(listener: Listener): void {
    listener.end(CLOSE.TOO_MANY_REFUSALS, 'too many messages');
  }
}

export function say(peer: Peer, message: ListenerMessage): void {
  peer.send(JSON.stringify(message));
}

function reasonOf(code: number): string {
  if (isGoodbye(code)) return 'left';
  if (code === CLOSE.ACCESS_ENDED) return 'its token is good no longer';
  return code === 1006 || code === 1005 ? 'connection lost' : `closed with ${code}`;
}
