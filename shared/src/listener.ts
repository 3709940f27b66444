/**
 * Messages of `/listen` and `/publish`: audio chunks in binary, everything else as text JSON or the same in
 * MessagePack.
 */
import { readMsgpack } from './msgpack/reader.js';
import type { Writer } from './msgpack/writer.js';

/** Subprotocol of `/listen` and `/publish`: only for who must offer one, to bring a token beside it. */
export const AUDIO_SUBPROTOCOL = 'auralis.audio.v1';

/** Format of a stream's chunks, as its engine declared on `/publish?encoding=&sampleRate=&channels=`. */
export interface AudioFormat {
  readonly encoding: 'pcm_s16le' | 'opaque';
  readonly sampleRate: number;
  readonly channels: number;
}

/** First message to a listener. */
export interface ListenerWelcome {
  readonly type: 'welcome';
  readonly connectionId: string;
  readonly stream: string;
  readonly reportIntervalMs: number;
  /** The last chunk published before this listener joined; 0 before the first. */
  readonly seq: number;
  /** null while no engine has declared one; a `format` message follows when one does. */
  readonly format: AudioFormat | null;
}

/** Hub → listener, as text. */
export type ListenerMessage =
  | ListenerWelcome
  | { readonly type: 'format'; readonly format: AudioFormat | null }
  | { readonly type: 'report_interval'; readonly reportIntervalMs: number }
  | { readonly type: 'clock_sync'; readonly t0: number; readonly t1: number; readonly t2: number }
  | { readonly type: 'error'; readonly code: string; readonly message: string };

/** Labels of `playbackState`, in the order of the catalogue's `connections.playback_state`. */
export const PLAYBACK_STATES = ['idle', 'starting', 'playing', 'paused', 'stalled', 'ended'] as const;
export type PlaybackState = (typeof PLAYBACK_STATES)[number];

/** `metrics` of a `client_metrics` message. The first five are the spec's; null says missing. */
export interface ClientMetricsReport {
  readonly chunksReceived?: number | null;
  readonly chunkErrors?: number | null;
  readonly bufferUnderruns?: number | null;
  readonly avgLatencyMs?: number | null;
  readonly errorRate?: number | null;
  /** Last chunk received on this connection: confirms it and all before it. */
  readonly lastSeq?: number | null;
  readonly bufferDepthMs?: number | null;
  readonly jitterMs?: number | null;
  readonly rttMs?: number | null;
  /** Hub's clock minus the listener's. */
  readonly clockOffsetMs?: number | null;
  readonly clockErrorMs?: number | null;
  readonly underrunDurationMs?: number | null;
  readonly outputLatencyMs?: number | null;
  readonly startupMs?: number | null;
  readonly playbackState?: PlaybackState | null;
  readonly hidden?: boolean | null;
  /** Listener's clock, ms since 1970. */
  readonly sentAt?: number | null;
}

/** Listener → hub. */
export type ListenerRequest =
  | { readonly type: 'client_metrics'; readonly metrics: ClientMetricsReport }
  | { readonly type: 'clock_sync'; readonly t0: number };

export interface Chunk {
  readonly seq: number;
  /** Hub's clock when it took the chunk from the engine, ms, fractional. It never steps: no calendar time. */
  readonly sentAtMs: number;
  readonly durationMs: number;
  /** The audio; a view into the message. */
  readonly payload: Uint8Array;
}

// `[seq, sentAtMs, durationMs, payload]` always has this layout: array of 4, uint32, float64, float64, bin.
const SEQ_AT = 2;
const SENT_AT = 7;
const DURATION_AT = 16;
const PAYLOAD_HEADER_AT = 24;
const UINT32 = 0xce;
const FLOAT64 = 0xcb;

/** Writes a chunk message as listeners receive it. */
export function writeChunk(writer: Writer, chunk: Chunk): Uint8Array {
  writer.reset();
  writer.array(4);
  writer.uint32(chunk.seq);
  writer.float64(chunk.sentAtMs);
  writer.float64(chunk.durationMs);
  writer.binary(chunk.payload);
  return writer.written();
}

/** Reads a chunk message of the hub; null for anything else. */
export function readChunk(bytes: Uint8Array): Chunk | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < PAYLOAD_HEADER_AT + 2 || bytes[0] !== 0x94 || bytes[SEQ_AT - 1] !== UINT32) return null;
  if (bytes[SENT_AT - 1] !== FLOAT64 || bytes[DURATION_AT - 1] !== FLOAT64) return null;
  const payload = payloadOf(bytes, view);
  if (payload === null) return null;
  return {
    seq: view.getUint32(SEQ_AT),
    sentAtMs: view.getFloat64(SENT_AT),
    durationMs: view.getFloat64(DURATION_AT),
    payload,
  };
}

/** Return the bytes behind the payload's header, if there are as many as it says. */
function payloadOf(bytes: Uint8Array, view: DataView): Uint8Array | null {
  const width = { 196: 1, 197: 2, 198: 4 }[bytes[PAYLOAD_HEADER_AT] as number];
  const lengthAt = PAYLOAD_HEADER_AT + 1;
  if (width === undefined || bytes.length < lengthAt + width) return null;
  const length =
    width === 1 ? view.getUint8(lengthAt) : width === 2 ? view.getUint16(lengthAt) : view.getUint32(lengthAt);
  return bytes.length === lengthAt + width + length ? bytes.subarray(lengthAt + width) : null;
}

/** A chunk as an engine publishes it. */
export interface PublishedChunk {
  readonly durationMs: number;
  /** A view into the message. */
  readonly payload: Uint8Array;
}

/** Writes `[durationMs, payload]`, as an engine sends it. */
export function writePublishedChunk(writer: Writer, chunk: PublishedChunk): Uint8Array {
  writer.reset();
  writer.array(2);
  writer.number(chunk.durationMs);
  writer.binary(chunk.payload);
  return writer.written();
}

/** Reads `[durationMs, payload]`; null where the message is MessagePack of another shape. @throws MsgpackError */
export function readPublishedChunk(bytes: Uint8Array): PublishedChunk | null {
  const message = readMsgpack(bytes, 2);
  // Ignore additions of a later version at the end.
  if (!Array.isArray(message) || message.length < 2) return null;
  const [durationMs, payload] = message as unknown[];
  return typeof durationMs === 'number' && payload instanceof Uint8Array ? { durationMs, payload } : null;
}
