import { type Column, rowTest, SCHEMAS, type Table } from '@auralis/shared';
import { CONNECTION, CONNECTION_STATE, type Tables } from '../state/tables.js';
import { figureOf, isTrusted, saysImpossible } from '../state/trust.js';
import { HotRows } from './hot-rows.js';
import { Increases } from './increase.js';
import { fixedPoint, type Rule, type Term } from './rule.js';

/** Timers come a little early at times; a second is not missed for that. */
const SLACK_MS = 20;
/** A row that is pending stays so over a lull shorter than this: what flaps every second is not well in between. */
const LULL_MS = 2_000;
/** Stands for a row that is not there, where a rule watches for it. */
const NO_SLOT = -1;

type Test = (slot: number) => boolean;

/** The rows of one group that are bad, as the last look has seen them. */
export interface Sighting {
  readonly group: string;
  /** Rows that have been bad for long enough; of the others, there are some. */
  ripe: number;
  /** There are ripe rows that are bad at this moment, and not only held as bad because they were so just now. */
  isBadNow: boolean;
  /** When the first of its rows went bad; infinite before a look has come to one. */
  since: number;
  /** The worst reading, in the column's unit; NaN where a reading is not judged by its size. */
  worst: number;
  /** Places of the first and last of the ripe rows among the hot ones, -1 where there is none. */
  first: number;
  last: number;
}

/**
 * Watches one rule over the rows of its table. A second's look is a scan of one column; only rows that are bad cost more.
 * Time is an argument.
 */
export class RuleEvaluator {
  readonly rule: Rule;
  readonly table: Table;
  readonly #tables: Tables;
  readonly #increases: Increases | null;
  readonly #hot = new HotRows<Sighting>();
  /** Those of hot rows, by group. The same objects from look to look: of ten thousand groups, new ones would be much garbage. */
  readonly #sightings = new Map<string, Sighting>();
  /** The levels in fixed point; of `is`, one bit for each label. */
  readonly #bound: number;
  readonly #clear: number;
  readonly #labels: number;
  readonly #factor: number;
  readonly #while: readonly Test[];
  readonly #unless: readonly Test[];
  /** Key of the row that is to be there, where the rule is about one. */
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

  /** Looks at every row, about once a second. Returns what is bad, by group, until the next look; empty where all is well. */
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
   * Slots of the ripe rows that the last look saw, those first that have been bad for longest; without those that have
   * gone since.
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

  /** A reading is bad: does the rule apply to its row? */
  #bad(slot: number, now: number): void {
    if (!this.#applies(slot)) return;
    const generation = this.table.generation[slot] as number;
    if (!this.#isHot(slot, generation, now)) this.#heat(slot, generation, this.#groupOf(slot), now);
  }

  /** Whether it was bad before; then it is so now as well. */
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

  /** Whether a row that was bad is so still, or has not been well for long enough. */
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
    // A reading that has come back while its row is held as bad says nothing of how bad it was.
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

/** Nothing has been seen of it yet. */
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
