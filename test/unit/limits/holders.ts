import type { Holders } from '@auralis/server/limits/places';

/** Holders for tests that do not care about them. */
export const ANYBODY: Holders = ['192.0.2.1'];
