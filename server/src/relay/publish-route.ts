import {
  type AudioFormat,
  CLOSE,
  type ErrorCode,
  MAX_CHUNK_DURATION_MS,
  MAX_CHUNK_MESSAGE_BYTES,
  MAX_REFUSALS_PER_MIN,
  MsgpackError,
  type PublishedChunk,
  readPublishedChunk,
} from '@auralis/shared';
import type { HubCounters } from '../state/counters.js';
import { Allowance } from '../state/windows.js';
import type { Peer, SocketHandler, SocketRoute, UpgradeAnswer, UpgradeRequest } from '../transport/transport.js';
import { STREAM_NAME_RULE, say, streamName } from './listen-route.js';
import type { Relay } from './relay.js';
import type { Stream } from './stream.js';

export interface PublishContext {
  readonly relay: Relay;
  readonly counters: HubCounters;
  readonly now: () => number;
  readonly isDraining: () => boolean;
}

/** `/api/v1/streams/{stream}/publish`: one engine a stream. */
export function publishRoute(context: PublishContext): SocketRoute {
  return {
    pattern: '/api/v1/streams/:stream/publish',
    maxMessageBytes: MAX_CHUNK_MESSAGE_BYTES,
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
  if (context.isDraining()) return { refuse: 503, message: 'the hub is shutting down' };
  const stream = context.relay.stream(name, context.now());
  if (stream === null) return { refuse: 503, message: 'the hub has too many streams' };
  if (stream.engine !== null) return { refuse: 409, message: `stream ${name} has its engine already` };
  return { accept: new EngineSocket(stream, format, context) };
}

/** The format in the query, null where none is declared, or what is wrong with it. */
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
  readonly #context: PublishContext;
  readonly #refusals = new Allowance(MAX_REFUSALS_PER_MIN, 60_000);
  #isEngine = false;

  constructor(stream: Stream, format: AudioFormat | null, context: PublishContext) {
    this.#stream = stream;
    this.#format = format;
    this.#context = context;
  }

  onOpen(peer: Peer): void {
    const stream = this.#stream;
    // Two upgrades can be answered before either has opened.
    if (stream.engine !== null) {
      peer.close(CLOSE.STREAM_HAS_ENGINE, 'the stream has its engine already');
      return;
    }
    this.#isEngine = true;
    this.#context.relay.engineJoined(stream, peer, this.#context.now());
    if (JSON.stringify(stream.format) === JSON.stringify(this.#format)) return;
    stream.format = this.#format;
    for (const listener of stream.listeners) say(listener.peer, { type: 'format', format: this.#format });
  }

  onMessage(peer: Peer, data: Uint8Array, isBinary: boolean): void {
    if (!this.#isEngine) return;
    const now = this.#context.now();
    try {
      if (!isBinary) throw new ChunkError('bad_message', 'a chunk is binary MessagePack: [durationMs, payload]');
      this.#stream.publish(chunkOf(data), now);
    } catch (error) {
      if (!(error instanceof ChunkError)) throw error;
      this.#refuse(peer, error, now);
    }
  }

  onPong(): void {}

  onDrain(): void {}

  onClose(_peer: Peer, _code: number, oversize: boolean): void {
    if (oversize) this.#context.counters.add('messages_oversize');
    if (this.#isEngine) this.#context.relay.engineLeft(this.#stream, this.#context.now());
  }

  #refuse(peer: Peer, { code, message }: ChunkError, now: number): void {
    this.#context.counters.add('messages_refused');
    if (this.#refusals.take(now)) say(peer, { type: 'error', code, message });
    else peer.close(CLOSE.TOO_MANY_REFUSALS, 'too many refusals');
  }
}

class ChunkError extends Error {
  override readonly name = 'ChunkError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

function chunkOf(data: Uint8Array): PublishedChunk {
  let chunk: PublishedChunk | null;
  try {
    chunk = readPublishedChunk(data);
  } catch (error) {
    if (error instanceof MsgpackError) throw new ChunkError('bad_message', error.message);
    throw error;
  }
  if (chunk === null) throw new ChunkError('bad_message', 'a chunk is [durationMs, payload]');
  if (!(chunk.durationMs > 0 && chunk.durationMs <= MAX_CHUNK_DURATION_MS)) {
    throw new ChunkError('bad_value', `durationMs: above 0, at most ${MAX_CHUNK_DURATION_MS}, not ${chunk.durationMs}`);
  }
  return chunk;
}
