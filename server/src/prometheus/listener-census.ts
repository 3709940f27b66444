import { type Column, SCHEMAS } from '@auralis/shared';
import { CONNECTION, CONNECTION_ATTRIBUTE, CONNECTION_STATE, PLAYER_MARK, type Tables } from '../state/tables.js';
import { isBufferBelieved, isPossible, isSynced } from '../state/trust.js';
import { type Exposition, labelsOf } from './exposition.js';
import { type ColumnFamily, familyOf } from './naming.js';

/** How many of the worst are shown of each figure: a series for each of 15,000 listeners is what a page must not have. */
const WORST = 5;

const { columns } = SCHEMAS.connections;

/** A figure with a threshold, and the end at which it is worse. */
interface Ranking {
  readonly family: ColumnFamily;
  readonly end: 'lowest' | 'highest';
}

/** Whether its worst are on the page: a figure with a threshold, and the one that says what will be heard before it is. */
export const isRanked = ({ alert, name }: Column) => alert !== undefined || name === 'time_to_gap_ms';

export const RANKINGS: readonly Ranking[] = columns.filter(isRanked).flatMap((column) => {
  const { alert, worse } = column;
  const ends: Ranking['end'][] = [];
  if (alert === undefined ? worse === 'less' : alert.min !== undefined) ends.push('lowest');
  if (alert === undefined ? worse === 'more' : alert.max !== undefined) ends.push('highest');
  return ends.map((end) => ({ family: familyOf(column), end }));
});

const ENUMERATIONS = columns.filter((column) => column.labels !== undefined);

/** What can be said of all listeners without naming any: how many are in each state, and the worst figures. */
export function writeListenerCensus(page: Exposition, { connections }: Tables): void {
  const state = connections.cells[CONNECTION.state] as Float64Array;
  const all = Array.from(connections.slots());
  const present = all.filter((slot) => state[slot] !== CONNECTION_STATE.closed);
  for (const column of ENUMERATIONS) {
    const isState = column.index === CONNECTION.state;
    writeCounts(page, column, connections.cells[column.index] as Float64Array, isState ? all : present);
  }
  const open = present.filter((slot) => state[slot] === CONNECTION_STATE.open);
  // A latency by a wrong clock, or the buffer of one that does not play, is no bad figure.
  const meant = new Map<number, readonly number[]>([
    [CONNECTION.latency_ms, open.filter((slot) => isSynced(connections, slot))],
    [CONNECTION.buffer_depth_ms, open.filter((slot) => isBufferBelieved(connections, slot))],
  ]);
  let begun = '';
  for (const { family, end } of RANKINGS) {
    if (family.name !== begun) page.family(family);
    begun = family.name;
    const { index } = family.column;
    const believed = meant.get(index) ?? open.filter((slot) => isPossible(connections, slot, family.column));
    // Half a minute of buffer is normal for players of segments, who would hide those that lag behind.
    const isHighBuffer = index === CONNECTION.buffer_depth_ms && end === 'highest';
    const slots = isHighBuffer ? believed.filter((slot) => !connections.keyOf(slot).includes(PLAYER_MARK)) : believed;
    const cells = connections.cells[index] as Float64Array;
    for (const [at, slot] of extremes(cells, slots, end).entries()) {
      const named = isPastThreshold(family.column, end, connections.get(slot, index)) ? namesOf(connections, slot) : {};
      const labels = labelsOf({ end, rank: String(at + 1), ...named });
      page.sample(labels, ((cells[slot] as number) * family.multiply) / family.divide);
    }
  }
}

/** How many listeners have each value of an enumeration; those that have not said are in none. */
function writeCounts(page: Exposition, column: Column, cells: Float64Array, slots: readonly number[]): void {
  const labels = column.labels ?? [];
  const counts = new Float64Array(labels.length);
  for (const slot of slots) {
    const code = cells[slot] as number;
    if (code >= 0 && code < counts.length) counts[code] = (counts[code] as number) + 1;
  }
  const name = `auralis_listeners_by_${column.name}`;
  page.family({ name, type: 'gauge', unit: null, help: `Listeners by ${column.name}. ${column.help}` });
  for (const [code, label] of labels.entries()) page.sample(labelsOf({ [column.name]: label }), counts[code] as number);
}

/**
 * Whether a listener is named beside its figure. Those that are well are not: which of 15,000 is the worst changes with each
 * scrape, and every name begins a series in Prometheus.
 */
function isPastThreshold({ alert }: Column, end: Ranking['end'], reading: number): boolean {
  if (alert === undefined) return true;
  return end === 'highest' ? reading > (alert.max ?? Number.NaN) : reading < (alert.min ?? Number.NaN);
}

function namesOf(connections: Tables['connections'], slot: number): Record<string, string> {
  const attributes = connections.attributesOf(slot);
  const listener = attributes[CONNECTION_ATTRIBUTE.client] || connections.keyOf(slot);
  return { stream: attributes[CONNECTION_ATTRIBUTE.stream] ?? '', listener };
}

/** Slots of the worst cells, the very worst first. One pass, with a short list that is mostly left alone. */
function extremes(cells: Float64Array, slots: readonly number[], end: Ranking['end']): number[] {
  const sign = end === 'highest' ? 1 : -1;
  const worst: number[] = [];
  for (const slot of slots) {
    const cell = cells[slot] as number;
    if (cell !== cell) continue;
    const last = cells[worst[WORST - 1] ?? -1];
    if (last !== undefined && (cell - last) * sign <= 0) continue;
    const at = worst.findIndex((known) => (cell - (cells[known] as number)) * sign > 0);
    worst.splice(at < 0 ? worst.length : at, 0, slot);
    if (worst.length > WORST) worst.pop();
  }
  return worst;
}
