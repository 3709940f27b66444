import { type Column, SCHEMAS } from '@auralis/shared';
import { CONNECTION, CONNECTION_ATTRIBUTE, CONNECTION_STATE, PLAYER_MARK, type Tables } from '../state/tables.js';
import { isBufferBelieved, isPossible, isSynced } from '../state/trust.js';
import { type Exposition, labelsOf } from './exposition.js';
import { type ColumnFamily, familyOf } from './naming.js';

/**
 * How many of the worst are shown of each figure: a series for each of 15,000 listeners is what a page must not have.
 */
const WORST = 5;

const { columns } = SCHEMAS.connections;

/** A figure with a threshold, and the end at which it is worse. */
interface Ranking {
  readonly family: ColumnFamily;
  readonly end: 'lowest' | 'highest';
}

/**
 * Whether its worst are on the page: a figure with a threshold, and the one that says what will be heard before it
 * is.
 */
export const isRanked = ({ alert, name }: Column) => alert !== undefined || name === 'time_to_gap_ms';

export const RANKINGS: readonly Ranking[] = columns.filter(isRanked).flatMap((column) => {
  const { alert, worse } = column;
  const ends: Ranking['end'][] = [];
  if (alert === undefined ? worse === 'less' : alert.min !== undefined) ends.push('lowest');
  if (alert === undefined ? worse === 'more' : alert.max !== undefined) ends.push('highest');
  return ends.map((end) => ({ family: familyOf(column), end }));
});

const ENUMERATIONS = columns.filter((column) => column.labels !== undefined);

/** A line of the page: labels as they are written, and the value. */
interface Line {
  readonly labels: string;
  readonly value: number;
}

/** Figures of one observation, in the order of `ENUMERATIONS` and `RANKINGS`. */
interface Figures {
  readonly counts: Line[][];
  readonly worst: Line[][];
}

/**
 * Counts listeners by each enumeration, and finds the worst of each ranked figure, without naming those that are ok.
 * The page shows the last observation, so its cost does not depend on how many listeners there are.
 */
export class ListenerCensus {
  readonly #table: Tables['connections'];
  #figures: Figures = { counts: [], worst: [] };

  constructor(table: Tables['connections']) {
    this.#table = table;
  }

  /** Observe all listeners, step by step: a step is one column. */
  *observe(): Generator<void> {
    const { cells } = this.#table;
    const figures: Figures = { counts: [], worst: [] };
    for (const column of ENUMERATIONS) {
      figures.counts.push(this.#count(column));
      yield;
    }
    const state = cells[CONNECTION.state] as Float64Array;
    const open = Array.from(this.#table.slots()).filter((slot) => state[slot] === CONNECTION_STATE.open);
    for (const ranking of RANKINGS) {
      figures.worst.push(this.#worst(ranking, open));
      yield;
    }
    this.#figures = figures;
  }

  write(page: Exposition): void {
    for (const [at, { name, help }] of ENUMERATIONS.entries()) {
      const family = `auralis_listeners_by_${name}`;
      page.family({ name: family, type: 'gauge', unit: null, help: `Listeners by ${name}. ${help}` });
      for (const { labels, value } of this.#figures.counts[at] ?? []) page.sample(labels, value);
    }
    let begun = '';
    for (const [at, { family }] of RANKINGS.entries()) {
      if (family.name !== begun) page.family(family);
      begun = family.name;
      for (const { labels, value } of this.#figures.worst[at] ?? []) page.sample(labels, value);
    }
  }

  /** Count listeners by each value of an enumeration. Closed ones are counted by their state only. */
  #count({ name, index, labels = [] }: Column): Line[] {
    const { cells } = this.#table;
    const state = cells[CONNECTION.state] as Float64Array;
    const values = cells[index] as Float64Array;
    const counts = new Float64Array(labels.length);
    for (const slot of this.#table.slots()) {
      const code = values[slot] as number;
      const isCounted = index === CONNECTION.state || state[slot] !== CONNECTION_STATE.closed;
      if (isCounted && code >= 0 && code < counts.length) counts[code] = (counts[code] as number) + 1;
    }
    return labels.map((label, code) => ({ labels: labelsOf({ [name]: label }), value: counts[code] as number }));
  }

  /** Find the worst readings of a figure that count, the very worst first. */
  #worst({ family, end }: Ranking, open: readonly number[]): Line[] {
    const table = this.#table;
    const { column, multiply, divide } = family;
    const cells = table.cells[column.index] as Float64Array;
    const slots = open.filter((slot) => table.isLive(slot) && this.#isMeant(column, end, slot));
    return extremes(cells, slots, end).map((slot, at) => {
      const isNamed = isPastThreshold(column, end, table.get(slot, column.index));
      const names = isNamed ? namesOf(table, slot) : {};
      const labels = labelsOf({ end, rank: String(at + 1), ...names });
      return { labels, value: ((cells[slot] as number) * multiply) / divide };
    });
  }

  /**
   * Whether a reading counts. A latency by a wrong clock, or the buffer of a player that does not play, is not bad.
   */
  #isMeant(column: Column, end: Ranking['end'], slot: number): boolean {
    const table = this.#table;
    if (column.index === CONNECTION.latency_ms) return isSynced(table, slot);
    if (column.index !== CONNECTION.buffer_depth_ms) return isPossible(table, slot, column);
    // Half a minute of buffer is normal for players of segments, which would hide those that lag behind.
    const isHigh = end === 'highest' && table.keyOf(slot).includes(PLAYER_MARK);
    return !isHigh && isBufferBelieved(table, slot);
  }
}

/**
 * Whether a listener is named beside its figure. Listeners that are ok are not, because the worst of 15,000 changes
 * with each scrape, and every name begins a series in Prometheus.
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
