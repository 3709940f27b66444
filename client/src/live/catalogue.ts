import type { CatalogueEntry } from '@auralis/shared/messages';

/** A hub's catalogue, by table and by id. */
export class Catalogue {
  readonly #byTable = new Map<string, CatalogueEntry[]>();
  readonly #byId = new Map<number, CatalogueEntry>();

  constructor(entries: readonly CatalogueEntry[]) {
    for (const entry of entries) {
      this.#byId.set(entry.id, entry);
      const table = this.#byTable.get(entry.table);
      if (table === undefined) this.#byTable.set(entry.table, [entry]);
      else table.push(entry);
    }
  }

  /** Columns of a table, in the catalogue's order; none of an unknown table. */
  table(name: string): readonly CatalogueEntry[] {
    return this.#byTable.get(name) ?? [];
  }

  /** The columns with these ids, in their order, without those that the catalogue does not have. */
  columns(ids: readonly number[]): readonly CatalogueEntry[] {
    return ids.flatMap((id) => this.#byId.get(id) ?? []);
  }
}
