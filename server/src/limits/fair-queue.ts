/**
 * Items with their owners, the oldest first. If there are too many, the oldest item of the owner with most of them
 * goes: who adds without end loses its own. Every operation takes constant time, however many items and owners there
 * are.
 */
export class FairQueue<Item> {
  readonly #owners = new Map<Item, string>();
  readonly #all = new Line<Item>();
  readonly #byOwner = new Map<string, Line<Item>>();
  /** At place `n`: owners of exactly `n` items. */
  readonly #bySize: (Line<string> | undefined)[] = [];
  #most = 0;

  get size(): number {
    return this.#owners.size;
  }

  /** Add an item that is not in the queue. */
  add(owner: string, item: Item): void {
    const items = this.#byOwner.get(owner) ?? new Line();
    this.#byOwner.set(owner, items);
    this.#owners.set(item, owner);
    this.#all.add(item);
    items.add(item);
    this.#resized(owner, items.size - 1, items.size);
  }

  delete(item: Item): void {
    const owner = this.#owners.get(item);
    if (owner === undefined) return;
    const items = this.#byOwner.get(owner) as Line<Item>;
    this.#owners.delete(item);
    this.#all.delete(item);
    items.delete(item);
    if (items.size === 0) this.#byOwner.delete(owner);
    this.#resized(owner, items.size + 1, items.size);
  }

  /** The oldest item of all, or undefined. */
  oldest(): Item | undefined {
    return this.#all.first();
  }

  oldestOf(owner: string): Item | undefined {
    return this.#byOwner.get(owner)?.first();
  }

  /** The item that goes if there are too many: the oldest of the owner with most; undefined if the queue is empty. */
  victim(): Item | undefined {
    const owner = this.#bySize[this.#most]?.first();
    return owner === undefined ? undefined : this.oldestOf(owner);
  }

  #resized(owner: string, from: number, to: number): void {
    const before = this.#bySize[from];
    before?.delete(owner);
    if (before?.size === 0) this.#bySize[from] = undefined;
    if (to > 0) {
      const after = this.#bySize[to] ?? new Line();
      this.#bySize[to] = after;
      after.add(owner);
    }
    this.#most = Math.max(this.#most, to);
    while (this.#most > 0 && this.#bySize[this.#most] === undefined) this.#most--;
  }
}

/**
 * A set that knows its first entry at once. To ask a `Set` for it skips all entries deleted before it, so a queue of
 * thousands would pay for each of them again and again.
 */
class Line<Item> {
  readonly #items = new Set<Item>();
  #later = this.#items.values();
  #first: Item | undefined;

  get size(): number {
    return this.#items.size;
  }

  add(item: Item): void {
    this.#items.add(item);
  }

  delete(item: Item): void {
    this.#items.delete(item);
    if (item === this.#first) this.#first = undefined;
  }

  first(): Item | undefined {
    if (this.#first !== undefined || this.#items.size === 0) return this.#first;
    let next = this.#later.next();
    if (next.done === true) {
      // An iterator that has come to the end sees nothing added later.
      this.#later = this.#items.values();
      next = this.#later.next();
    }
    this.#first = next.value;
    return this.#first;
  }
}
