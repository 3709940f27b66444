import { type Column, VALUES } from '@auralis/shared';
import { CONNECTION, CONNECTION_STATE, PLAYBACK, type Tables, TRUST } from './tables.js';

const { impossible_figure: FIGURE, clock: CLOCK } = VALUES.connections;

/** Return the value of `connections.impossible_figure` that names a column; -1 for a column that it never names. */
export const figureOf = (column: string): number => (FIGURE as Readonly<Record<string, number>>)[column] ?? -1;

/** Value of `connections.impossible_figure` while every figure is possible. */
export const ALL_POSSIBLE = FIGURE.none;

/** Whether a listener reported a figure that physics does not allow. None of its figures counts then. */
export function saysImpossible(connections: Tables['connections'], slot: number): boolean {
  return connections.get(slot, CONNECTION.impossible_figure) > ALL_POSSIBLE;
}

/** Whether `impossible_figure` names another column than this one. */
export function isPossible(connections: Tables['connections'], slot: number, { name }: Pick<Column, 'name'>): boolean {
  return connections.get(slot, CONNECTION.impossible_figure) !== figureOf(name);
}

/** Whether everything counts that the listener reports, its latency if its clock is synced included. */
export function isTrusted(connections: Tables['connections'], slot: number): boolean {
  return connections.get(slot, CONNECTION.trust) === TRUST.trusted;
}

/** Whether the present state that a listener reports counts. Its clock does not matter. */
export function isBelieved(connections: Tables['connections'], slot: number): boolean {
  const trust = connections.get(slot, CONNECTION.trust);
  return trust === TRUST.trusted || trust === TRUST.unsynced;
}

/** Whether a listener is open and its latency is measured by a synced clock. */
export function isSynced(connections: Tables['connections'], slot: number): boolean {
  const { cells } = connections;
  const isOpen = cells[CONNECTION.state]?.[slot] === CONNECTION_STATE.open;
  return isOpen && cells[CONNECTION.clock]?.[slot] === CLOCK.synced && !saysImpossible(connections, slot);
}

/** Whether a listener is open, plays as far as it says, and the buffer that it reports is believed. */
export function isBufferBelieved(connections: Tables['connections'], slot: number): boolean {
  const { cells } = connections;
  if (cells[CONNECTION.state]?.[slot] !== CONNECTION_STATE.open) return false;
  const playback = cells[CONNECTION.playback_state]?.[slot] as number;
  const plays = Number.isNaN(playback) || playback === PLAYBACK.playing || playback === PLAYBACK.stalled;
  return plays && isBelieved(connections, slot);
}
