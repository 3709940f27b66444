import { SCHEMAS } from '@auralis/shared';
import { CONNECTION, type Tables } from './tables.js';

/** Values of `connections.trust`: how far what a listener says can be believed. */
export const TRUST = { live: 0, stale: 1, hidden: 2, unsynced: 3, diverged: 4, impossible: 5 } as const;

const FIGURES = SCHEMAS.connections.columns[CONNECTION.impossible_figure]?.labels ?? [];

/** Return the value of `connections.impossible_figure` that names a column; -1 for a column that it never names. */
export const figureOf = (column: string) => FIGURES.indexOf(column);

/** The value of `connections.impossible_figure` while all is possible. */
export const ALL_POSSIBLE = figureOf('none');

/** Whether a listener said something that physics does not allow. Nothing that it says counts then. */
export function saysImpossible(connections: Tables['connections'], slot: number): boolean {
  return connections.get(slot, CONNECTION.impossible_figure) > ALL_POSSIBLE;
}

/** Whether what a listener says of its present counts. Its clock has no part in this. */
export function isBelieved(connections: Tables['connections'], slot: number): boolean {
  const trust = connections.get(slot, CONNECTION.trust);
  return trust === TRUST.live || trust === TRUST.unsynced;
}
