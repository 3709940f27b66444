import { type Column, rowTest, SCHEMAS, type Table } from '@auralis/shared';
import { CONNECTION, CONNECTION_STATE, type Tables } from '../state/tables.js';
import { figureOf, isTrusted, saysImpossible } from '../state/trust.js';
import { HotRows } from './hot-rows.js';
import { Increases } from './increase.js';
import { fixedPoint, type Rule, type Term } from './rule.js';

/** Timers come a little early at times; that second still counts. */
const SLACK_MS = 20;
/** A pending row survives a shorter lull than this: a row that flaps every second is not good in between. */
const LULL_MS = 2_000;
/** Stands for an absent row, if the rule is about one. */
const NO_SLOT = -1;

type Test = (slot: number) => boolean;

/** Bad rows of one group, as of the last evaluation. */
export interface Sighting {
  readonly group: string;
  /** Rows that have been bad for long enough. */
  ripe: number;
  /** Whether ripe rows are bad at this moment, and not only held as bad because they were just now. */
  isBadNow: boolean;
  /** When the first of its rows went bad; infinite before the first. */
  since: number;
  /** The worst reading, in the column's unit; NaN if the rule does not judge size. */
  worst: number;
  /** Places of the first and last of the ripe rows among the hot rows, or -1. */
  first: number;
  last: number;
}

/**
 * Compares one rule with the rows of its table. An evaluation scans one column; only bad rows cost more. Time is an
 * argument.
 */
export class RuleEvaluator {
  readonly rule: Rule;
  readonly table: Table;
  readonly #tables: Tables;
  readonly #increases: Increases | null;
  readonly #hot = new HotRows<Sighting>();
  /** Groups of hot rows. The objects are used again, because ten thousand new ones a second would be much garbage. */
  readonly #sightings = new Map<string, Sighting>();
  /** Levels in fixed point; for `is`, one bit for each label. */
  readonly #bound: number;
  readonly #clear: number;
  readonly #labels: number;
  readonly #factor: number;
  readonly #while: readonly Test[];
  readonly #unless: readonly Test[];
  /** Key of the row that must exist, if the rule is about one. */
  readonly #wanted: string | null;
  readonly #groupAttribute: number;
  /** Value of `impossible_figure` that names its column. */
  readonly #figure: number;
  /** Whether only players with CMCD report its column. */
  readonly #isSaidByPlayer: boolean;
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
    this.#factor = 10 ** column.scale;
    const labels = condition.kind === 'is' ? condition.labels : [];
    this.#labels = labels.reduce((bits, label) => bits | (1 << (column.labels?.indexOf(label) ?? 0)), 0);
    const attributes: readonly string[] = SCHEMAS[rule.table].attributes;
    this.#while = rule.while.map((term) => this.#testOf(term));
    this.#unless = rule.unless.map((term) => this.#testOf(term));
    const byKey = rule.while.find(({ of, condition: [name, op] }) => of === 'row' && name === 'id' && op === '=');
    this.#wanted = byKey === undefined ? null : String(byKey.condition[2]);
    this.#figure = figureOf(column.name);
    this.#isSaidByPlayer = rule.table === 'connections' && column.id >= 50 && column.id < 60;
    this.#groupAttribute = typeof rule.groupBy === 'object' ? attributes.indexOf(rule.groupBy.attribute) : -1;
  }

  /** Evaluate every row, about once a second. Return bad groups, valid until the next call. */
  observe(now: number): ReadonlyMap<string, Sighting> {
    this.#isStandIn = this.rule.insteadOf === null || !isReported(this.#tables, this.rule.insteadOf);
    this.#increases?.observe(now);
    const readings = this.#increases?.readings ?? (this.table.cells[this.rule.column.index] as Float64Array);
    this.#scan(readings, now);
    const sightings = this.#sightings;
    if (this.#hot.count === 0) return sightings;
    for (const sighting of sightings.values()) begin(sighting);
    this.#hot.keep((place) => this.#goesOn(place, readings, now));
    for (let place = 0; place < this.#hot.count; place++) this.#count(place, readings, now);
    for (const { group, since } of sightings.values()) if (since === Number.POSITIVE_INFINITY) sightings.delete(group);
    return sightings;
  }

  /**
   * Return slots of ripe rows of the last evaluation, those that have been bad longest first, without rows that have
   * gone.
   */
  slotsOf({ first }: Sighting): number[] {
    const { slots, generations, next } = this.#hot;
    const found: number[] = [];
    for (let place = first; place >= 0; place = next[place] as number) {
      const slot = slots[place] as number;
      if (slot !== NO_SLOT && generations[place] === this.table.generation[slot]) found.push(slot);
    }
    return found;
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

  /** Whether the rule applies to a row whose reading is bad. */
  #bad(slot: number, now: number): void {
    if (!this.#applies(slot)) return;
    const generation = this.table.generation[slot] as number;
    if (!this.#isHot(slot, generation, now)) this.#heat(slot, generation, this.#groupOf(slot), now);
  }

  /** Whether it was bad before. Then it is bad now as well. */
  #isHot(slot: number, generation: number, now: number): boolean {
    const place = this.#hot.placeOf(slot);
    if (place < 0 || this.#hot.generations[place] !== generation) return false;
    this.#hot.last[place] = now;
    return true;
  }

  #heat(slot: number, generation: number, group: string, now: number): void {
    let sighting = this.#sightings.get(group);
    if (sighting === undefined) {
      sighting = { group, ripe: 0, isBadNow: false, since: now, worst: Number.NaN, first: -1, last: -1 };
      this.#sightings.set(group, sighting);
    }
    this.#hot.add(slot, generation, sighting, now);
  }

  /** Whether a row that was bad still is, or has not been good for long enough. */
  #goesOn(place: number, readings: Float64Array, now: number): boolean {
    const { slots, generations, since, last, isRipe } = this.#hot;
    const { forS, clearForS } = this.rule;
    const lastAt = last[place] as number;
    if (lastAt === now) {
      if (now - (since[place] as number) >= forS * 1000 - SLACK_MS) isRipe[place] = 1;
      return true;
    }
    const slot = slots[place] as number;
    if (slot === NO_SLOT) return isRipe[place] === 1 && now - lastAt < clearForS * 1000 - SLACK_MS;
    if (generations[place] !== this.table.generation[slot]) return false;
    if (isRipe[place] === 0) return now - lastAt < LULL_MS - SLACK_MS;
    const reading = readings[slot] as number;
    const isUnknown = this.rule.holdsMissing && reading !== reading;
    if (isUnknown || (!this.#isClear(reading) && this.#applies(slot))) {
      last[place] = now;
      return true;
    }
    return now - lastAt < clearForS * 1000 - SLACK_MS;
  }

  #count(place: number, readings: Float64Array, now: number): void {
    const { slots, since, last, isRipe, groups, next } = this.#hot;
    const sighting = groups[place] as Sighting;
    sighting.since = Math.min(sighting.since, since[place] as number);
    if (isRipe[place] === 0) return;
    sighting.ripe++;
    if (sighting.last < 0) sighting.first = place;
    else next[sighting.last] = place;
    next[place] = -1;
    sighting.last = place;
    const slot = slots[place] as number;
    const isBad = last[place] === now;
    if (slot === NO_SLOT) {
      sighting.isBadNow = isBad;
      return;
    }
    // A reading that has recovered while its row is held as bad does not show how bad it was.
    if (this.#isClear(readings[slot] as number)) return;
    if (isBad) sighting.isBadNow = true;
    const { kind } = this.rule.condition;
    if (kind !== 'above' && kind !== 'below') return;
    const reading = (readings[slot] as number) / this.#factor;
    const isWorse = kind === 'above' ? !(reading <= sighting.worst) : !(reading >= sighting.worst);
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
      if (rule.needsTrust && !isTrusted(connections, slot)) return false;
      if (connections.get(slot, CONNECTION.impossible_figure) === this.#figure) return false;
      if (this.#isSaidByPlayer && saysImpossible(connections, slot)) return false;
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

function begin(sighting: Sighting): void {
  sighting.ripe = 0;
  sighting.isBadNow = false;
  sighting.since = Number.POSITIVE_INFINITY;
  sighting.worst = Number.NaN;
  sighting.first = -1;
  sighting.last = -1;
}

/** Whether any row has a reading in this column. */
function isReported(tables: Tables, column: Column): boolean {
  const table: Table = tables[column.table];
  const cells = table.cells[column.index] as Float64Array;
  for (let slot = 0; slot < table.highWater; slot++) if (cells[slot] === cells[slot]) return true;
  return false;
}
