import { MAX_ABS_MS } from '@auralis/shared/limits';
import { guarded } from '../guard.js';
import type { Figures, Playback } from './types.js';

/** What the player says of itself, as a report carries it: null for what it does not know, or what the hub would refuse. */
export function playbackFigures(ask: (() => Playback) | undefined): Figures {
  let playback: Playback = {};
  guarded(() => {
    playback = ask?.() ?? playback;
  }, undefined);
  const { bufferUnderruns } = playback;
  return {
    bufferDepthMs: possibleMs(playback.bufferDepthMs),
    underrunDurationMs: possibleMs(playback.underrunDurationMs),
    outputLatencyMs: possibleMs(playback.outputLatencyMs),
    startupMs: possibleMs(playback.startupMs),
    playbackState: playback.playbackState ?? null,
    ...(Number.isInteger(bufferUnderruns) && { bufferUnderruns: bufferUnderruns as number }),
  };
}

/** A number of ms that the hub would take, or null. */
export function possibleMs(ms: number | null | undefined): number | null {
  return typeof ms === 'number' && Math.abs(ms) <= MAX_ABS_MS ? ms : null;
}
