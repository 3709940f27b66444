const NOTHING = new Int32Array(0);

/**
 * Rows that are bad, or were a moment ago, in the order in which they went bad. A struct of arrays, because an
 * outbreak makes a million of them if ten thousand listeners meet a hundred rules. Places run from 0 to `count` and
 * change as others are removed.
 */
export class HotRows<Group> {
  count = 0;
  /**
   * Each place holds a bad row: its slot, its first and last bad time, and whether the rule's duration has passed (0
   * or 1).
   */
  slots = NOTHING;
  generations = new Uint32Array(0);
  since = new Float64Array(0);
  last = new Float64Array(0);
  isRipe = new Uint8Array(0);
  groups: Group[] = [];
  /** Place of the next row of the same group. Valid until `keep`. */
  next = NOTHING;
  /** The row's place + 1, or 0, at slot + 1. The shift gives slot −1 a place too. */
  #places = NOTHING;

  /** Return the place of the row that went bad last in a slot, or −1. */
  placeOf(slot: number): number {
    return (this.#places[slot + 1] ?? 0) - 1;
  }

  add(slot: number, generation: number, group: Group, now: number): void {
    const place = this.count++;
    if (place >= this.slots.length) this.#grow();
    if (slot + 1 >= this.#places.length) this.#places = grown(this.#places, new Int32Array(roomFor(slot + 2)));
    this.slots[place] = slot;
    this.generations[place] = generation;
    this.since[place] = now;
    this.last[place] = now;
    this.isRipe[place] = 0;
    this.groups[place] = group;
    this.#places[slot + 1] = place + 1;
  }

  /** Remove rows that `keep` refuses, and those whose slot another row has taken. */
  keep(isKept: (place: number) => boolean): void {
    let kept = 0;
    for (let place = 0; place < this.count; place++) {
      const slot = this.slots[place] as number;
      if (this.#places[slot + 1] !== place + 1) continue;
      if (!isKept(place)) this.#places[slot + 1] = 0;
      else this.#move(place, kept++);
    }
    this.count = kept;
    this.groups.length = kept;
    if (kept === 0) this.#release();
  }

  #move(from: number, to: number): void {
    if (from === to) return;
    const slot = this.slots[from] as number;
    this.slots[to] = slot;
    this.generations[to] = this.generations[from] as number;
    this.since[to] = this.since[from] as number;
    this.last[to] = this.last[from] as number;
    this.isRipe[to] = this.isRipe[from] as number;
    this.groups[to] = this.groups[from] as Group;
    this.#places[slot + 1] = to + 1;
  }

  #grow(): void {
    const room = roomFor(this.count);
    this.slots = grown(this.slots, new Int32Array(room));
    this.generations = grown(this.generations, new Uint32Array(room));
    this.since = grown(this.since, new Float64Array(room));
    this.last = grown(this.last, new Float64Array(room));
    this.isRipe = grown(this.isRipe, new Uint8Array(room));
    this.next = grown(this.next, new Int32Array(room));
  }

  /** Free the arrays of an outbreak that is over. */
  #release(): void {
    this.slots = NOTHING;
    this.generations = new Uint32Array(0);
    this.since = new Float64Array(0);
    this.last = new Float64Array(0);
    this.isRipe = new Uint8Array(0);
    this.next = NOTHING;
    this.#places = NOTHING;
  }
}

const roomFor = (count: number) => Math.max(16, count + (count >> 1));

function grown<A extends Int32Array | Uint32Array | Float64Array | Uint8Array>(from: A, into: A): A {
  into.set(from);
  return into;
}
