import type { Feed, Rows, Subscription } from './feed.js';
import { NO_ROWS } from './feed.js';
import { type Catalogue, catalogueOf } from './layout.js';

/** Tables of few rows, which the page has whole. */
const WHOLE_TABLES = ['hubs', 'streams', 'engines', 'hosts', 'gpus', 'alerts'] as const;
export type WholeTable = (typeof WHOLE_TABLES)[number];

interface Held {
  readonly subscription: Subscription;
  readonly catalogue: Catalogue;
}

/** All tables but the listeners', once a second. */
export class WholeTables {
  readonly #feed: Feed;
  readonly #changed: (table: WholeTable, t: number) => void;
  readonly #held = new Map<WholeTable, Held>();

  /** `changed` is called at each frame with the hub's clock. */
  constructor(feed: Feed, changed: (table: WholeTable, t: number) => void) {
    this.#feed = feed;
    this.#changed = changed;
  }

  /** Subscribes at the first WELCOME, and reads each hub's catalogue at its own. */
  watch(): void {
    for (const table of WHOLE_TABLES) {
      const catalogue = catalogueOf(this.#feed.columns(table));
      const subscription =
        this.#held.get(table)?.subscription ??
        this.#feed.subscribe(table, { intervalMs: 1000 }, ({ t }) => this.#changed(table, t));
      this.#held.set(table, { subscription, catalogue });
    }
  }

  rows(table: WholeTable): Rows {
    return this.#held.get(table)?.subscription.rows ?? NO_ROWS;
  }

  catalogue(table: WholeTable): Catalogue {
    return this.#held.get(table)?.catalogue ?? NO_COLUMNS;
  }

  isReady(table: WholeTable): boolean {
    return this.#held.get(table)?.subscription.ready ?? false;
  }

  /** Why the hub does not send one of them; null where it sends all. */
  get error(): string | null {
    for (const { subscription } of this.#held.values())
      if (subscription.error !== null) return subscription.error.message;
    return null;
  }
}

const NO_COLUMNS: Catalogue = new Map();
