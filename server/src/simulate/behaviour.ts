import type { ClientMetricsReport } from '@auralis/shared';
import type { Kind } from './options.js';

/** Differences between kinds of listeners. */
export interface Behaviour {
  /** Reading speed, as a share of what comes; null: as fast as it comes. */
  readonly readingSpeed: number | null;
  /** Stops playing after this long; null: never. */
  readonly freezesAfterMs: number | null;
  /** Its clock minus the true one. */
  readonly clockSkewMs: number;
  /** Does it ask the hub for its time? */
  readonly syncsClock: boolean;
  readonly hidden: boolean;
  /** Its link stalls at times. */
  readonly stalls: boolean;
  /** It loses the connection at times, and comes back. */
  readonly disconnects: boolean;
  /** A false figure that it reports. */
  readonly lies: ClientMetricsReport;
  /** How it ends: reading all that is left, or closing with unread data. */
  readonly end: 'drain' | 'cut';
}

const HONEST: Behaviour = {
  readingSpeed: null,
  freezesAfterMs: null,
  clockSkewMs: 0,
  syncsClock: true,
  hidden: false,
  stalls: false,
  disconnects: false,
  lies: {},
  end: 'drain',
};

const SKEWS_MS = [-15_000, 15_000, 86_400_000] as const;

/** `index`: how many of this kind come before; kinds that come in variants take turns. */
export function behaviourOf(kind: Kind, index: number): Behaviour {
  switch (kind) {
    case 'normal':
      return HONEST;
    case 'slow':
      return { ...HONEST, readingSpeed: 0.5, end: index % 2 === 0 ? 'drain' : 'cut' };
    case 'frozen':
      return { ...HONEST, freezesAfterMs: 3_000 };
    case 'lying':
      return {
        ...HONEST,
        readingSpeed: 0.8,
        lies: { bufferDepthMs: 400, bufferUnderruns: 0, underrunDurationMs: 0, playbackState: 'playing' },
      };
    case 'skewed':
      return { ...HONEST, clockSkewMs: SKEWS_MS[index % SKEWS_MS.length] as number, syncsClock: false };
    case 'lossy':
      return { ...HONEST, stalls: true, disconnects: index % 3 === 2 };
    case 'hidden':
      return { ...HONEST, hidden: true };
  }
}
