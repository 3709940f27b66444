import { MAX_CHUNK_DURATION_MS } from '@auralis/shared';

/** Options of a simulation. Counts of kinds are out of `listeners`; the rest behave well. */
export interface SimulationOptions {
  /** The hub's: `http://127.0.0.1:8000`. */
  readonly url: string;
  /** For a hub that asks for one: roles publisher, listener and viewer. */
  readonly token?: string;
  /** Streams, each with an engine: `main` if one, else `sim-1`, `sim-2`… */
  readonly streams: number;
  /** Over all streams. */
  readonly listeners: number;
  /** `Infinity` goes on until `signal`. */
  readonly durationS: number;
  /** Duration of a chunk. */
  readonly chunkMs: number;
  /** Path of a 16-bit PCM WAV file; without it a chord is synthesised. */
  readonly wav?: string;
  /** false: small chunks without sound. */
  readonly audio: boolean;
  /** Read at half the speed, and honestly confirm less than was sent. */
  readonly slow: number;
  /** Receive and report, but play nothing. */
  readonly frozen: number;
  /** Report 400 ms of buffer all the time while they starve. */
  readonly lying: number;
  /** Have a clock that is 15 s or a day off, and do not know it. */
  readonly skewed: number;
  /** On a link that stalls for up to a second at times; some lose the connection and come back. */
  readonly lossy: number;
  /** In a tab that is hidden: report once a minute. */
  readonly hidden: number;
  /** Second at which the engines vanish without a word. */
  readonly killEngineAt?: number;
  /** Ends it early; the accounts are settled all the same. */
  readonly signal?: AbortSignal;
}

export const KINDS = ['normal', 'slow', 'frozen', 'lying', 'skewed', 'lossy', 'hidden'] as const;
export type Kind = (typeof KINDS)[number];

/** The simulation cannot be run as asked for, or the hub cannot be reached. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError';
}

/** A listener as planned. */
export interface PlannedListener {
  readonly client: string;
  readonly kind: Kind;
  readonly stream: string;
  /** How many of its kind come before it. */
  readonly index: number;
}

export interface Plan {
  readonly streams: readonly string[];
  readonly listeners: readonly PlannedListener[];
}

/**
 * Return all participants: the kinds are spread over the streams.
 * @throws SimulationError
 */
export function planOf(options: SimulationOptions): Plan {
  if (!URL.canParse(options.url) || !/^https?:$/.test(new URL(options.url).protocol)) {
    throw new SimulationError(`url: http://… or https://…, not ${JSON.stringify(options.url)}`);
  }
  if (options.chunkMs > MAX_CHUNK_DURATION_MS) {
    throw new SimulationError(`chunk-ms: at most ${MAX_CHUNK_DURATION_MS}, not ${options.chunkMs}`);
  }
  if (options.streams < 1) throw new SimulationError('streams: 1 at least');
  const faulty = KINDS.slice(1).flatMap((kind) => Array<Kind>(options[kind as Exclude<Kind, 'normal'>]).fill(kind));
  if (faulty.length > options.listeners) {
    throw new SimulationError(`${faulty.length} listeners with faults are more than the ${options.listeners} in all`);
  }
  const streams =
    options.streams === 1 ? ['main'] : Array.from({ length: options.streams }, (_, index) => `sim-${index + 1}`);
  const counts = new Map<Kind, number>();
  const listeners = Array.from({ length: options.listeners }, (_, at): PlannedListener => {
    const kind = faulty[at] ?? 'normal';
    const index = counts.get(kind) ?? 0;
    counts.set(kind, index + 1);
    return { client: `sim-${kind}-${index + 1}`, kind, stream: streams[at % streams.length] as string, index };
  });
  return { streams, listeners };
}
