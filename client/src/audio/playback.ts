import { MAX_ABS_MS, MAX_COUNT } from '@auralis/shared/limits';
import { PLAYBACK_STATES, type PlaybackState } from '@auralis/shared/listener';
import { isPromise, reportFault } from '../guard.js';
import type { Figures, Playback } from './types.js';

/** Ask the player about itself. A throw, or a promise instead of an answer, is reported; then nothing is known. */
export function playbackFigures(ask: (() => Playback) | undefined): Figures {
  const playback = askPlayer(ask);
  const { bufferUnderruns, playbackState } = playback;
  return {
    bufferDepthMs: possibleMs(playback.bufferDepthMs),
    underrunDurationMs: possibleMs(playback.underrunDurationMs),
    outputLatencyMs: possibleMs(playback.outputLatencyMs),
    startupMs: possibleMs(playback.startupMs),
    playbackState: knownState(playbackState),
    ...(isCount(bufferUnderruns) && { bufferUnderruns }),
  };
}

/** Return a number of ms that the hub accepts, or null. */
export function possibleMs(ms: number | null | undefined): number | null {
  return typeof ms === 'number' && Math.abs(ms) <= MAX_ABS_MS ? ms : null;
}

/** Whether the hub accepts this as a count. */
export function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_COUNT;
}

function askPlayer(ask: (() => Playback) | undefined): Playback {
  try {
    const playback: unknown = ask?.();
    if (isPromise(playback)) {
      playback.then(undefined, reportFault);
      throw new TypeError('playback: return the figures themselves, not a promise of them');
    }
    return (playback as Playback | undefined) ?? {};
  } catch (error) {
    reportFault(error);
    return {};
  }
}

/** The hub knows these states only; a page's own word for another one counts as missing. */
function knownState(state: PlaybackState | null | undefined): PlaybackState | null {
  return PLAYBACK_STATES.find((known) => known === state) ?? null;
}
