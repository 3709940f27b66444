import { type Column, rowTest, SCHEMAS, type Table } from '@auralis/shared';
import { CONNECTION, CONNECTION_STATE, type Tables } from '../state/tables.js';
import { Increases } from './increase.js';
import { fixedPoint, type Rule, type Term } from './rule.js';

/** Timers come a little early at times; a second is not missed for that. */
const SLACK_MS = 20;
/** A row that is pending stays so over a lull shorter than this: what flaps every second is not well in between. */
const LULL_MS = 2_000;
/** A listener that can be believed: the first label of `connections.trust`. */
const LIVE = 0;
/** Stands for a row that is not there, where a rule watches for it. */
const NO_SLOT = -1;

type Test = (slot: number) => boolean;

/** A row that is bad, or was so a moment ago. */
interface HotRow {
  readonly slot: number;
  readonly generation: number;
  readonly group: string;
  /** When it was first bad, and last. */
  readonly since: number;
  last: number;
  /** It has been bad for as long as the rule asks. */
  isRipe: boolean;
}

/** The rows of one group that are bad. */
export interface Sighting {
  readonly group: string;
  /** Rows that have been bad for long enough; of the others, there are some. */
  ripe: number;
  /** There are ripe rows that are bad at this moment, and not only held as bad because they were so just now. */
  isBadNow: boolean;
  /** When the first of its rows went bad. */
  since: number;
  /** The worst reading, in the column's unit; NaN where a reading is not judged by its size. */
  worst: number;
  /** Slots of the ripe rows, those first that have been bad for longest. */
  readonly slots: number[];
}

/**
 * Watches one rule over the rows of its table. A second's look is a scan of one column; only rows that are bad cost more.
 * Time is an argument.
 */
export class RuleWatch {
  readonly rule: Rule;
  readonly table: Table;
  readonly #tables: Tables;
  readonly #increases: Increases | null;
  /** In the order in which they went bad. An array: to look at ten thousand of them in a Map takes twice as long. */
  readonly #hot: HotRow[] = [];
  /** The same by slot + 1, so that NO_SLOT has its place. */
  readonly #hotAt: (HotRow | undefined)[] = [];
  /** The levels in fixed point; of `is`, one bit for each label. */
  readonly #bound: number;
  readonly #clear: number;
  readonly #labels: number;
  readonly #while: readonly Test[];
  readonly #unless: readonly Test[];
  /** Key of the row that is to be there, where the rule is about one. */
  readonly #wanted: string | null;
  readonly #groupAttribute: number;
  #isStandIn = true;

  constructor(rule: Rule, tables: Tables) {
    const { column, condition } = rule;
    this.rule = rule;
    this.#tables = tables;
    this.table = tables[rule.table];
    const counts = (slot: number) => this.#applies(slot);
    this.#increases = rule.windowS === null ? null : new Increases(this.table, column.index, rule.windowS, counts);
    const hasLevels = condition.kind === 'above' || condition.kind === 'below';
    this.#bound = hasLevels ? fixedPoint(column, condition.bound) : Number.NaN;
    this.#clear = hasLevels ? fixedPoint(column, condition.clear) : Number.NaN;
    const labels = condition.kind === 'is' ? condition.labels : [];
    this.#labels = labels.reduce((bits, label) => bits | (1 << (column.labels?.indexOf(label) ?? 0)), 0);
    const attributes: readonly string[] = SCHEMAS[rule.table].attributes;
    this.#while = rule.while.map((term) => this.#testOf(term));
    this.#unless = rule.unless.map((term) => this.#testOf(term));
    const byKey = rule.while.find(({ of, condition: [name, op] }) => of === 'row' && name === 'id' && op === '=');
    this.#wanted = byKey === undefined ? null : String(byKey.condition[2]);
    this.#groupAttribute = typeof rule.groupBy === 'object' ? attributes.indexOf(rule.groupBy.attribute) : -1;
  }

  /** Looks at every row, about once a second. Returns what is bad, by group; empty where all is well. */
  observe(now: number): ReadonlyMap<string, Sighting> {
    this.#isStandIn = this.rule.insteadOf === null || !isReported(this.#tables, this.rule.insteadOf);
    this.#increases?.observe(now);
    const readings = this.#increases?.readings ?? (this.table.cells[this.rule.column.index] as Float64Array);
    this.#scan(readings, now);
    const hot = this.#hot;
    if (hot.length === 0) return NOTHING;
    const sightings = new Map<string, Sighting>();
    let kept = 0;
    for (const row of hot) {
      const { slot } = row;
      // Another row has taken its slot meanwhile.
      if (this.#hotAt[slot + 1] !== row) continue;
      if (this.#goesOn(slot, row, readings, now)) {
        this.#count(slot, row, readings, sightings, now);
        hot[kept++] = row;
      } else this.#hotAt[slot + 1] = undefined;
    }
    hot.length = kept;
    return sightings;
  }

  /** Whether a row that the last look saw is there still, and no other in its slot. */
  isHeld(slot: number): boolean {
    return this.#hotAt[slot + 1]?.generation === this.table.generation[slot];
  }

  #scan(readings: Float64Array, now: number): void {
    const { highWater } = this.table;
    const bound = this.#bound;
    switch (this.rule.condition.kind) {
      case 'above':
        for (let slot = 0; slot < highWater; slot++) if ((readings[slot] as number) > bound) this.#bad(slot, now);
        break;
      case 'below':
        for (let slot = 0; slot < highWater; slot++) if ((readings[slot] as number) < bound) this.#bad(slot, now);
        break;
      case 'is':
        for (let slot = 0; slot < highWater; slot++) if (this.#isLabel(readings[slot] as number)) this.#bad(slot, now);
        break;
      case 'absent':
        this.#scanForAbsence(readings, now);
    }
  }

  #scanForAbsence(readings: Float64Array, now: number): void {
    const { table } = this;
    for (let slot = 0; slot < table.highWater; slot++) {
      const reading = readings[slot] as number;
      if (reading !== reading && table.isLive(slot)) this.#bad(slot, now);
    }
    const wanted = this.#wanted;
    if (wanted !== null && table.slotOf(wanted) === undefined && !this.#isHot(NO_SLOT, 0, now)) {
      this.#heat(NO_SLOT, 0, wanted, now);
    }
  }

  /** A reading is bad: does the rule apply to its row? */
  #bad(slot: number, now: number): void {
    if (!this.#applies(slot)) return;
    const generation = this.table.generation[slot] as number;
    if (!this.#isHot(slot, generation, now)) this.#heat(slot, generation, this.#groupOf(slot), now);
  }

  /** Whether it was bad before; then it is so now as well. */
  #isHot(slot: number, generation: number, now: number): boolean {
    const known = this.#hotAt[slot + 1];
    if (known?.generation !== generation) return false;
    known.last = now;
    return true;
  }

  #heat(slot: number, generation: number, group: string, now: number): void {
    const row = { slot, generation, group, since: now, last: now, isRipe: false };
    this.#hotAt[slot + 1] = row;
    this.#hot.push(row);
  }

  /** Whether a row that was bad is so still, or has not been well for long enough. */
  #goesOn(slot: number, row: HotRow, readings: Float64Array, now: number): boolean {
    const { forS, clearForS } = this.rule;
    if (row.last === now) {
      if (now - row.since >= forS * 1000 - SLACK_MS) row.isRipe = true;
      return true;
    }
    if (slot === NO_SLOT) return row.isRipe && now - row.last < clearForS * 1000 - SLACK_MS;
    if (row.generation !== this.table.generation[slot]) return false;
    if (!row.isRipe) return now - row.last < LULL_MS - SLACK_MS;
    if (!this.#isClear(readings[slot] as number) && this.#applies(slot)) row.last = now;
    return now - row.last < clearForS * 1000 - SLACK_MS;
  }

  #count(slot: number, row: HotRow, readings: Float64Array, sightings: Map<string, Sighting>, now: number): void {
    let sighting = sightings.get(row.group);
    if (sighting === undefined) {
      sighting = { group: row.group, ripe: 0, isBadNow: false, since: row.since, worst: Number.NaN, slots: [] };
      sightings.set(row.group, sighting);
    }
    sighting.since = Math.min(sighting.since, row.since);
    if (!row.isRipe) return;
    sighting.ripe++;
    if (slot === NO_SLOT) {
      sighting.isBadNow = row.last === now;
      return;
    }
    sighting.slots.push(slot);
    const { kind } = this.rule.condition;
    const reading = (readings[slot] as number) / 10 ** this.rule.column.scale;
    // A reading that has come back while its row is held as bad says nothing of how bad it was.
    if (this.#isClear(readings[slot] as number)) return;
    if (row.last === now) sighting.isBadNow = true;
    const isWorse = kind === 'above' ? !(reading <= sighting.worst) : kind === 'below' && !(reading >= sighting.worst);
    if (isWorse) sighting.worst = reading;
  }

  #isClear(reading: number): boolean {
    switch (this.rule.condition.kind) {
      case 'above':
        return !(reading > this.#clear);
      case 'below':
        return !(reading < this.#clear);
      case 'is':
        return !this.#isLabel(reading);
      case 'absent':
        return reading === reading;
    }
  }

  #isLabel(reading: number): boolean {
    return reading === reading && ((this.#labels >> reading) & 1) === 1;
  }

  #applies(slot: number): boolean {
    const { rule } = this;
    if (!this.#isStandIn) return false;
    if (rule.table === 'connections') {
      const { connections } = this.#tables;
      if (connections.get(slot, CONNECTION.state) === CONNECTION_STATE.closed) return false;
      if (rule.needsTrust && connections.get(slot, CONNECTION.trust) !== LIVE) return false;
    }
    for (const holds of this.#while) if (!holds(slot)) return false;
    for (const holds of this.#unless) if (holds(slot)) return false;
    return true;
  }

  #testOf({ of, condition }: Term): Test {
    if (of === 'row') return rowTest(this.table, condition);
    const { streams } = this.#tables;
    const holds = rowTest(streams, condition);
    return (slot) => {
      // `stream` is the first attribute of every table whose rows belong to one.
      const stream = streams.slotOf(this.table.attributesOf(slot)[0] ?? '');
      return stream !== undefined && holds(stream);
    };
  }

  #groupOf(slot: number): string {
    if (this.rule.groupBy === 'all') return '';
    if (this.rule.groupBy === 'row') return this.table.keyOf(slot);
    return this.table.attributesOf(slot)[this.#groupAttribute] ?? '';
  }
}

const NOTHING: ReadonlyMap<string, Sighting> = new Map();

/** Whether any row has a reading in this column. */
function isReported(tables: Tables, column: Column): boolean {
  const table: Table = tables[column.table];
  const cells = table.cells[column.index] as Float64Array;
  for (let slot = 0; slot < table.highWater; slot++) if (cells[slot] === cells[slot]) return true;
  return false;
}
