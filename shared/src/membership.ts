import type { Table } from './table.js';

/** Chooses the rows of a table that a channel shows. */
export interface RowSelector {
  /**
   * Whether a row is chosen for what it is alone: then only rows that changed are asked again. Otherwise (the worst
   * 50, say) every row is asked whenever anything in the table has changed.
   */
  readonly isLocal: boolean;
  /** Rows that match before an offset and a limit; null where there is neither, and all that match are chosen. */
  readonly total: number | null;
  /** Called before each round of `chooses`. */
  prepare(): void;
  /** Asked of live rows only. */
  chooses(tableSlot: number): boolean;
}

/** Chooses the rows that `chooses` says, each for what it is alone. */
export function rowFilter(chooses: (tableSlot: number) => boolean): RowSelector {
  return { isLocal: true, total: null, prepare() {}, chooses };
}

const NOT_A_MEMBER = -1;

/**
 * The rows of one channel, as far as its frames have said: which rows of the table are in it, under which slots of
 * the channel's own. Channel slots are dense, so that a channel of few rows costs little however large its table is.
 */
export class Membership {
  /** Members. */
  size = 0;
  /** Rows that match, before a view's offset and limit. */
  total = 0;
  /** Channel slots from 0 up to, not including, this one have been in use. */
  highWater = 0;
  /** Table slot of a channel slot. */
  tableSlot = new Uint32Array(16);

  /**
   * Channel slots, of the last `update`: those whose row changed (new ones among them), went, and came or was
   * renamed.
   */
  changed = new Uint32Array(16);
  changedCount = 0;
  removed = new Uint32Array(16);
  removedCount = 0;
  added = new Uint32Array(16);
  addedCount = 0;

  /**
   * A channel slot has always been the table slot of its row, as long as rows come and go in the same order there and
   * here.
   */
  #isInOrder = true;
  readonly #table: Table;
  readonly #selector: RowSelector | null;
  /** Stamp up to which the membership is current, and where it was before the last update. */
  #seen = 0;
  #seenBefore = 0;
  /** Channel slot of a table slot, or NOT_A_MEMBER. */
  #slotOf = new Int32Array(0);
  /** Table's generation of the row in a channel slot; 0: the channel slot is free. */
  #generation = new Uint32Array(16);
  /** Keys and attributes as frames have told them: between two frames the table's own may have moved on. */
  readonly #keys: string[] = [];
  readonly #attributes: (readonly string[])[] = [];
  readonly #free: number[] = [];

  /** `selector`: null for all rows. */
  constructor(table: Table, selector: RowSelector | null) {
    this.#table = table;
    this.#selector = selector;
  }

  /** Takes in what changed in the table since the last call. Returns whether any row or total did. */
  update(): boolean {
    const table = this.#table;
    this.changedCount = this.removedCount = this.addedCount = 0;
    const seen = this.#seen;
    this.#seenBefore = seen;
    if (table.lastStamp <= seen) return false;
    this.#seen = table.nextStamp();
    if (this.#selector === null && table.rowsStamp <= seen) {
      this.#noteChanges(seen);
      return this.changedCount > 0;
    }
    this.#selector?.prepare();
    this.#makeRoom(seen);
    // Removals first: a slot freed in this frame may be given away again in the same frame.
    for (let slot = 0; slot < table.highWater; slot++) if (this.#mayHaveMoved(slot, seen)) this.#takeOut(slot);
    for (let slot = 0; slot < table.highWater; slot++) if (this.#mayHaveMoved(slot, seen)) this.#takeIn(slot, seen);
    const totalBefore = this.total;
    this.total = this.#selector?.total ?? this.size;
    return this.changedCount > 0 || this.removedCount > 0 || this.total !== totalBefore;
  }

  /** Has anybody written to this column, in whatever row, between the last two updates? */
  isTouched(column: number): boolean {
    return (this.#table.columnStamp[column] as number) > this.#seenBefore;
  }

  /**
   * Did every row change, and is the row of table slot `n` the one of channel slot `n`? Then columns can be read
   * straight.
   */
  get isAllChanged(): boolean {
    return this.#isInOrder && this.changedCount === this.highWater && this.size === this.highWater;
  }

  isMember(slot: number): boolean {
    return this.#generation[slot] !== 0;
  }

  keyOf(slot: number): string {
    return this.#keys[slot] as string;
  }

  attributesOf(slot: number): readonly string[] {
    return this.#attributes[slot] as readonly string[];
  }

  /**
   * All rows are in, and the same rows as before: only which of them changed is to be found. A fifth of what the rest
   * costs.
   */
  #noteChanges(seen: number): void {
    const { highWater, rowStamp } = this.#table;
    const { changed } = this;
    const slotOf = this.#slotOf;
    let count = 0;
    for (let slot = 0; slot < highWater; slot++) {
      if ((rowStamp[slot] as number) > seen) changed[count++] = slotOf[slot] as number;
    }
    this.changedCount = count;
  }

  #mayHaveMoved(slot: number, seen: number): boolean {
    return this.#selector?.isLocal === false || (this.#table.rowStamp[slot] as number) > seen;
  }

  #belongs(slot: number): boolean {
    return this.#table.isLive(slot) && (this.#selector === null || this.#selector.chooses(slot));
  }

  #takeOut(tableSlot: number): void {
    const slot = this.#slotOf[tableSlot] as number;
    if (slot === NOT_A_MEMBER) return;
    if (this.#generation[slot] === this.#table.generation[tableSlot] && this.#belongs(tableSlot)) return;
    this.#slotOf[tableSlot] = NOT_A_MEMBER;
    this.#generation[slot] = 0;
    this.#keys[slot] = '';
    this.#attributes[slot] = [];
    this.removed[this.removedCount++] = slot;
    this.#free.push(slot);
    this.size--;
  }

  #takeIn(tableSlot: number, seen: number): void {
    const known = this.#slotOf[tableSlot] as number;
    if (known !== NOT_A_MEMBER) {
      if ((this.#table.rowStamp[tableSlot] as number) <= seen) return;
      if ((this.#table.attributeStamp[tableSlot] as number) > seen) this.#introduce(tableSlot, known);
      this.changed[this.changedCount++] = known;
    } else if (this.#belongs(tableSlot)) this.changed[this.changedCount++] = this.#add(tableSlot);
  }

  #add(tableSlot: number): number {
    const slot = this.#free.pop() ?? this.highWater++;
    this.#slotOf[tableSlot] = slot;
    this.#generation[slot] = this.#table.generation[tableSlot] as number;
    this.tableSlot[slot] = tableSlot;
    if (slot !== tableSlot) this.#isInOrder = false;
    this.#introduce(tableSlot, slot);
    this.size++;
    return slot;
  }

  #introduce(tableSlot: number, slot: number): void {
    this.#keys[slot] = this.#table.keyOf(tableSlot);
    this.#attributes[slot] = this.#table.attributesOf(tableSlot);
    this.added[this.addedCount++] = slot;
  }

  #makeRoom(seen: number): void {
    const table = this.#table;
    if (this.#slotOf.length < table.highWater) {
      const larger = new Int32Array(roomFor(table.highWater)).fill(NOT_A_MEMBER);
      larger.set(this.#slotOf);
      this.#slotOf = larger;
    }
    let wanted = this.highWater;
    for (let slot = 0; slot < table.highWater; slot++) {
      if (this.#slotOf[slot] === NOT_A_MEMBER && this.#mayHaveMoved(slot, seen) && this.#belongs(slot)) wanted++;
    }
    if (this.#generation.length >= wanted) return;
    const room = roomFor(wanted);
    this.#generation = grown(this.#generation, new Uint32Array(room));
    this.tableSlot = grown(this.tableSlot, new Uint32Array(room));
    this.changed = new Uint32Array(room);
    this.removed = new Uint32Array(room);
    this.added = new Uint32Array(room);
  }
}

/** The power of two, 16 at least, that holds `count`. */
export function roomFor(count: number): number {
  let room = 16;
  while (room < count) room *= 2;
  return room;
}

function grown(from: Uint32Array<ArrayBuffer>, into: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  into.set(from);
  return into;
}
