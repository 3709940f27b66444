import {
  type AudioFormat,
  CLIENT_ID,
  CLOSE,
  DecodeError,
  decodeMessage,
  type ErrorCode,
  LEAST_REFUSALS_PER_MIN,
  MAX_CHUNK_DURATION_MS,
  MAX_CHUNK_MESSAGE_BYTES,
  MAX_EVENTS,
  MAX_EVENTS_TEXT_BYTES,
  MAX_FRAMES_PER_S,
  MAX_FULL_MESSAGES_PER_S,
  MAX_PUBLISHED_EVENTS,
  MAX_REFUSALS_PER_MIN,
  type PublishedChunk,
  show,
} from '@auralis/shared';
import { type Holders, holdersOf } from '../limits/places.js';
import { SocketAllowance } from '../limits/socket-allowance.js';
import type { HubCounters } from '../state/counters.js';
import type { Peer, SocketHandler, SocketRoute, UpgradeAnswer, UpgradeRequest } from '../transport/transport.js';
import { audioProtocol, noStream, STREAM_NAME_RULE, say, streamName } from './listen-route.js';
import type { Relay } from './relay.js';
import type { Stream } from './stream.js';

/** The part of the hub that takes engines' events. */
export interface EngineDesk {
  joined(stream: string, format: AudioFormat | null, now: number): void;
  left(stream: string): void;
  heard(stream: string, payload: Uint8Array, now: number): void;
  /** Take a decoded event or a list of them. A text says why none was taken. */
  take(
    stream: string,
    found: unknown,
    holders: Holders,
    now: number,
  ):
    | string
    | {
        readonly refused: number;
        readonly errors: readonly { readonly index: number; readonly code: ErrorCode; readonly message: string }[];
      };
}

export interface PublishContext {
  readonly relay: Relay;
  readonly engines: EngineDesk;
  readonly counters: HubCounters;
  readonly now: () => number;
  readonly isDraining: () => boolean;
  /** Return how long the loop was blocked recently, ms. */
  readonly stalledMs: () => number;
}

/**
 * `/api/v1/streams/{stream}/publish`: one engine a stream. `?engine=` names it, so that it takes its place back at
 * once.
 */
export function publishRoute(context: PublishContext): SocketRoute {
  return {
    pattern: '/api/v1/streams/:stream/publish',
    maxMessageBytes: MAX_CHUNK_MESSAGE_BYTES,
    maxFramesPerS: MAX_FRAMES_PER_S,
    maxBytesPerS: MAX_FULL_MESSAGES_PER_S * MAX_CHUNK_MESSAGE_BYTES,
    // Only welcomes and errors go this way.
    maxBacklogBytes: 64 * 1024,
    upgrade: (request) => answer(request, context),
  };
}

function answer(request: UpgradeRequest, context: PublishContext): UpgradeAnswer {
  const name = streamName(request.path);
  if (name === null) return { refuse: 400, message: STREAM_NAME_RULE };
  const format = formatOf(request.query);
  if (typeof format === 'string') return { refuse: 400, message: format };
  const owner = ownerOf(request);
  if (owner === undefined) return { refuse: 400, message: 'engine: 1 to 64 of A–Z a–z 0–9 . _ -' };
  if (context.isDraining()) return { refuse: 503, message: 'the hub is shutting down' };
  const holders = holdersOf(request.remoteAddress, request.token);
  const stream = context.relay.stream(name, context.now(), holders);
  if (typeof stream === 'string') return noStream(stream);
  if (stream.engine !== null && !stream.seat.isOpenTo(owner)) {
    stream.seat.wanted(context.now());
    return { refuse: 409, message: `stream ${name} has its engine already` };
  }
  return { accept: new EngineSocket(stream, format, owner, holders[0], context), ...audioProtocol(request) };
}

/**
 * Return the identity of the engine (`?engine=`), null if it names none, undefined if the name is not valid. A name
 * belongs to the token that comes with it, or else to the address, so a name alone takes nobody's place.
 */
function ownerOf({ query, token, remoteAddress }: UpgradeRequest): string | null | undefined {
  const engine = query.get('engine');
  if (engine === null) return null;
  if (!CLIENT_ID.test(engine)) return undefined;
  return token === undefined ? `${engine} at ${remoteAddress}` : `${engine} by ${token}`;
}

/** Return the format in the query, null if none is declared, or what is wrong with it. */
function formatOf(query: URLSearchParams): AudioFormat | null | string {
  const encoding = query.get('encoding');
  if (encoding === null) return null;
  if (encoding !== 'pcm_s16le' && encoding !== 'opaque') return 'encoding: pcm_s16le or opaque';
  const sampleRate = Number(query.get('sampleRate') ?? 48_000);
  if (!Number.isInteger(sampleRate) || sampleRate < 8_000 || sampleRate > 384_000) return 'sampleRate: 8000 to 384000';
  const channels = Number(query.get('channels') ?? 2);
  if (!Number.isInteger(channels) || channels < 1 || channels > 32) return 'channels: 1 to 32';
  return { encoding, sampleRate, channels };
}

class EngineSocket implements SocketHandler {
  readonly #stream: Stream;
  readonly #format: AudioFormat | null;
  readonly #owner: string | null;
  readonly #context: PublishContext;
  readonly #address: string;
  readonly #refusals = new SocketAllowance(MAX_REFUSALS_PER_MIN, LEAST_REFUSALS_PER_MIN, 60_000);

  /** `address`: the address whose allowances it continues. */
  constructor(
    stream: Stream,
    format: AudioFormat | null,
    owner: string | null,
    address: string,
    context: PublishContext,
  ) {
    this.#address = address;
    this.#stream = stream;
    this.#format = format;
    this.#owner = owner;
    this.#context = context;
  }

  onOpen(peer: Peer): void {
    const stream = this.#stream;
    const before = stream.engine;
    // Two upgrades can be answered before either has opened.
    if (before !== null && !stream.seat.isOpenTo(this.#owner)) {
      peer.close(CLOSE.STREAM_HAS_ENGINE, 'the stream has its engine already');
      return;
    }
    const { relay, engines } = this.#context;
    const now = this.#context.now();
    const used = relay.engineRefusals.take(this.#address, now);
    if (used !== null) this.#refusals.inherit(used);
    relay.engineJoined(stream, peer, this.#owner, now);
    before?.close(CLOSE.STREAM_HAS_ENGINE, 'the engine has come back on another connection, or did not answer');
    engines.joined(stream.name, this.#format, now);
    if (JSON.stringify(stream.format) === JSON.stringify(this.#format)) return;
    stream.format = this.#format;
    stream.announce({ type: 'format', format: this.#format });
  }

  onMessage(peer: Peer, data: Uint8Array, isBinary: boolean): void {
    if (!this.#isEngine(peer)) return;
    const now = this.#context.now();
    this.#stream.engineMessageAt = now;
    this.#stream.seat.heard();
    try {
      const message = decoded(data, isBinary);
      if (isChunk(message)) this.#publish(peer, chunkOf(message), now);
      else this.#takeEvents(peer, message, now);
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      this.#refuse(peer, error, now);
    }
  }

  /** A pong is not a message: an engine that only answers pings is closed. Until then it keeps its place. */
  onPong(peer: Peer): void {
    if (this.#isEngine(peer)) this.#stream.seat.heard();
  }

  onDrain(): void {}

  onClose(peer: Peer, _code: number, oversize: boolean): void {
    const { relay, counters, now } = this.#context;
    if (oversize) counters.add('messages_oversize');
    const { used } = this.#refusals;
    if (used.left < MAX_REFUSALS_PER_MIN) relay.engineRefusals.leave(this.#address, used, now());
    if (!this.#isEngine(peer)) return;
    this.#context.relay.engineLeft(this.#stream, this.#context.now());
    this.#context.engines.left(this.#stream.name);
  }

  /** Whether this is the stream's engine, and not one whose place another has taken. */
  #isEngine(peer: Peer): boolean {
    return this.#stream.engine === peer;
  }

  #publish(peer: Peer, chunk: PublishedChunk, now: number): void {
    const refusal = this.#stream.takeChunk(now);
    if (refusal !== null) {
      this.#refuseChunk(peer, refusal, now);
      return;
    }
    this.#stream.publish(chunk, now, this.#context.stalledMs());
    this.#context.engines.heard(this.#stream.name, chunk.payload, now);
  }

  /**
   * Take events. Answer refusals once a message, with the first and their number. They never close the socket,
   * because wrong events must not cost listeners the audio.
   */
  #takeEvents(peer: Peer, message: unknown, now: number): void {
    if (Array.isArray(message) && message.length > MAX_PUBLISHED_EVENTS)
      throw new PublishError(
        'bad_message',
        `${message.length} events in one message: at most ${MAX_PUBLISHED_EVENTS}; POST takes ${MAX_EVENTS}`,
      );
    const taken = this.#context.engines.take(this.#stream.name, message, this.#stream.makers, now);
    if (typeof taken === 'string') throw new PublishError('bad_message', `${taken}: ${MESSAGE_RULE}`);
    const [first] = taken.errors;
    if (first === undefined) return;
    const place = Array.isArray(message) ? `index ${first.index} of ${message.length}: ` : '';
    const more = taken.refused > 1 ? ` (and ${taken.refused - 1} more refused)` : '';
    if (this.#refusals.take(now) === 'allowed')
      say(peer, { type: 'error', code: first.code, message: place + first.message + more });
  }

  /**
   * Refuse a chunk that came too fast. It never closes the socket: an engine that catches up must not lose its place.
   */
  #refuseChunk(peer: Peer, message: string, now: number): void {
    this.#context.counters.add('messages_refused');
    if (this.#refusals.take(now) === 'allowed') say(peer, { type: 'error', code: 'too_fast', message });
  }

  #refuse(peer: Peer, { code, message }: PublishError, now: number): void {
    this.#context.counters.add('messages_refused');
    const verdict = this.#refusals.take(now);
    if (verdict === 'allowed') say(peer, { type: 'error', code, message });
    // Allowances that others of its address have used only cost it answers.
    if (verdict === 'own') peer.close(CLOSE.TOO_MANY_REFUSALS, 'too many refusals');
  }
}

const MESSAGE_RULE = 'a message is a chunk, [durationMs, payload] in MessagePack, an event, or a list of events';

class PublishError extends Error {
  override readonly name = 'PublishError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

function decoded(data: Uint8Array, isBinary: boolean): unknown {
  if (!isBinary && data.length > MAX_EVENTS_TEXT_BYTES)
    throw new PublishError('bad_message', `events in text: at most ${MAX_EVENTS_TEXT_BYTES} bytes, not ${data.length}`);
  try {
    return decodeMessage(isBinary ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString());
  } catch (error) {
    if (error instanceof DecodeError) throw new PublishError('bad_message', `${error.message}: ${MESSAGE_RULE}`);
    throw error;
  }
}

/** Whether this is meant as a chunk. Events are maps. */
function isChunk(message: unknown): message is unknown[] {
  return (
    Array.isArray(message) && message.length > 0 && (typeof message[0] === 'number' || message[0] instanceof Uint8Array)
  );
}

function chunkOf(message: readonly unknown[]): PublishedChunk {
  const [durationMs, payload] = message;
  if (message.length !== 2 || typeof durationMs !== 'number' || !(payload instanceof Uint8Array)) {
    throw new PublishError('bad_message', 'a chunk is [durationMs, payload], in MessagePack');
  }
  if (!(durationMs > 0 && durationMs <= MAX_CHUNK_DURATION_MS)) {
    throw new PublishError(
      'bad_value',
      `durationMs: above 0, at most ${MAX_CHUNK_DURATION_MS}, not ${show(durationMs)}`,
    );
  }
  return { durationMs, payload };
}
