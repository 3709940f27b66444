/** A key: a name alone, or an item of a named group. */
export type Key = string | readonly [group: string, item: string | number];

export interface Entry<Value> {
  readonly key: Key;
  readonly value: Value;
}

/** A write: `json` is the new value, null removes the entry. */
export interface Write {
  readonly database: string;
  readonly key: Key;
  readonly json: string | null;
}

/**
 * Entries in memory, in the order in which their keys came, each as the JSON that is stored: a value that changes
 * after it was put changes nothing here.
 */
export class Database<Value> {
  readonly name: string;
  readonly #alone = new Map<string, string>();
  readonly #groups = new Map<string, Map<string | number, string>>();

  constructor(name: string) {
    this.name = name;
  }

  get(key: Key): Value | undefined {
    const json = typeof key === 'string' ? this.#alone.get(key) : this.#groups.get(key[0])?.get(key[1]);
    return json === undefined ? undefined : (JSON.parse(json) as Value);
  }

  *entries(): Generator<Entry<Value>> {
    for (const [key, json] of this.stored()) yield { key, value: JSON.parse(json) as Value };
  }

  /** The entries of a group; at most `limit`. */
  *entriesOf(group: string, limit = Number.POSITIVE_INFINITY): Generator<Entry<Value>> {
    let left = limit;
    for (const [item, json] of this.#groups.get(group) ?? []) {
      if (left-- <= 0) return;
      yield { key: [group, item], value: JSON.parse(json) as Value };
    }
  }

  /** All entries as they are stored. It goes on while entries come and go. */
  *stored(): Generator<readonly [Key, string]> {
    yield* this.#alone;
    for (const [group, items] of this.#groups) for (const [item, json] of items) yield [[group, item], json];
  }

  /** For the store alone, as `write`. */
  clear(): void {
    this.#alone.clear();
    this.#groups.clear();
  }

  /** For the store alone. */
  write(key: Key, json: string | null): void {
    if (typeof key === 'string') {
      if (json === null) this.#alone.delete(key);
      else this.#alone.set(key, json);
      return;
    }
    const [group, item] = key;
    const items = this.#groups.get(group) ?? new Map<string | number, string>();
    if (json === null) items.delete(item);
    else items.set(item, json);
    if (items.size === 0) this.#groups.delete(group);
    else this.#groups.set(group, items);
  }
}

/** All databases of a store, by name. */
export class Databases {
  readonly #byName = new Map<string, Database<unknown>>();

  of(name: string): Database<unknown> {
    const database = this.#byName.get(name) ?? new Database<unknown>(name);
    this.#byName.set(name, database);
    return database;
  }

  apply(writes: readonly Write[]): void {
    for (const { database, key, json } of writes) this.of(database).write(key, json);
  }

  clear(): void {
    for (const database of this.#byName.values()) database.clear();
  }

  /** A write for each entry. */
  *all(): Generator<Write> {
    for (const [database, entries] of this.#byName)
      for (const [key, json] of entries.stored()) yield { database, key, json };
  }
}
