import type { Holders } from '@auralis/server/state/places';

/** Whoever asks in tests to which it does not matter. */
export const ANYBODY: Holders = ['192.0.2.1'];
