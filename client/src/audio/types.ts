import type {
  AudioFormat,
  Chunk,
  ClientMetricsReport,
  ListenerMessage,
  ListenerWelcome,
  PlaybackState,
} from '@auralis/shared/listener';
import type { Runtime, SocketConstructor } from '../runtime.js';
import type { Token } from '../token.js';

export type { AudioFormat, Chunk, ClientMetricsReport, ListenerMessage, ListenerWelcome, PlaybackState };

/** `open`: the hub has said welcome. `closed`: for good, by `close()` or by a close code that says so. */
export type ListenState = 'connecting' | 'open' | 'reconnecting' | 'closed';

/** State of the player, read at each report; null or absent if unknown. */
export interface Playback {
  /** Audio buffered and not yet played. */
  readonly bufferDepthMs?: number | null;
  /** Silence heard because of underruns, in all. */
  readonly underrunDurationMs?: number | null;
  readonly outputLatencyMs?: number | null;
  /** From asking to play to the first sound. */
  readonly startupMs?: number | null;
  readonly playbackState?: PlaybackState | null;
  /** Instead of calls of `recordBufferUnderrun`. */
  readonly bufferUnderruns?: number | null;
}

export interface ListenOptions {
  /**
   * Each chunk, in order. `payload` is a view into the message: copy what is kept. A throw, or a
   * promise that rejects, counts as a chunk error.
   */
  readonly onChunk?: (chunk: Chunk) => unknown;
  readonly onState?: (state: ListenState) => void;
  /**
   * Called with the format of the chunks' bytes at each welcome and at each change; null while no engine has declared
   * one.
   */
  readonly onFormat?: (format: AudioFormat | null) => void;
  readonly playback?: () => Playback;
  /** Identity that outlives reconnects, 1–64 of `A–Z a–z 0–9 . _ -`; one for the tab unless told otherwise. */
  readonly client?: string;
  /** For a hub that asks for one, with role listener. Sent as a subprotocol, never in the URL. */
  readonly token?: Token;
  /** Constructor to use instead of the global one; needed before Node 22. */
  readonly WebSocket?: SocketConstructor;
  /** Time, timers and dice for tests. */
  readonly runtime?: Runtime;
}

type SpecFigure = 'chunksReceived' | 'chunkErrors' | 'bufferUnderruns' | 'avgLatencyMs' | 'errorRate';

/** Fields of a report beyond the five figures; `bufferUnderruns` if the player counts them. */
export interface Figures extends Omit<ClientMetricsReport, SpecFigure> {
  readonly bufferUnderruns?: number;
}

/** Result of `getStats`: the five figures always, the rest if known. */
export type ClientStats = Readonly<Record<SpecFigure, number>> & Figures;
