import { SCHEMAS } from '@auralis/shared';
import { CONNECTION, CONNECTION_STATE, type Tables } from '../state/tables.js';
import { figureOf, isBelieved, saysImpossible } from '../state/trust.js';

const codeOf = (column: number, label: string) => SCHEMAS.connections.columns[column]?.labels?.indexOf(label) ?? -1;
const SYNCED = codeOf(CONNECTION.clock, 'synced');
const PLAYS = [codeOf(CONNECTION.playback_state, 'playing'), codeOf(CONNECTION.playback_state, 'stalled')];

/** Whether it is there now and its latency is by a clock that is right. */
export function isSynced(connections: Tables['connections'], slot: number): boolean {
  const cells = connections.cells;
  const isOpen = cells[CONNECTION.state]?.[slot] === CONNECTION_STATE.open;
  return isOpen && cells[CONNECTION.clock]?.[slot] === SYNCED && !saysImpossible(connections, slot);
}

/** Whether it is there now, plays (as far as it says), and what it says of its buffer is believed. */
export function isBufferBelieved(connections: Tables['connections'], slot: number): boolean {
  const { cells } = connections;
  if (cells[CONNECTION.state]?.[slot] !== CONNECTION_STATE.open) return false;
  const playback = cells[CONNECTION.playback_state]?.[slot] as number;
  if (!Number.isNaN(playback) && !PLAYS.includes(playback)) return false;
  return isBelieved(connections, slot);
}

/** Whether a reading of its row is not the one that cannot be. */
export function isPossible(
  connections: Tables['connections'],
  slot: number,
  { name }: { readonly name: string },
): boolean {
  return connections.get(slot, CONNECTION.impossible_figure) !== figureOf(name);
}
