import type { View } from '@auralis/shared/messages';
import type { Feed, Row, Subscription } from './feed.js';
import { type Compare, RowOrder } from './order.js';

/**
 * Rows of a page. A page begins at a multiple of `PAGE_ROWS`, so scrolling never moves a row within its page.
 * Dashboards that show the same page get the same messages, which the hub makes once.
 */
export const PAGE_ROWS = 50;
/** As many as fit on the tallest screen. */
const MAX_PAGES = 8;
/** Least time between two changes of subscriptions, because the hub allows 64 SUBSCRIBE in 5 s. */
const MIN_INTERVAL_MS = 300;

export interface Asked {
  readonly topic: string;
  readonly columns: readonly string[];
  /** Without offset and limit. */
  readonly view: View;
  readonly compare: Compare;
}

interface Page {
  readonly subscription: Subscription;
  readonly order: RowOrder;
}

/** A question, and the pages of its answer that are in sight. */
interface Answer {
  /** Equal for equal questions. */
  readonly key: string;
  readonly asked: Asked;
  readonly pages: Map<number, Page>;
}

/**
 * A table of any length that the hub sorts and filters. Only the pages in sight are here. After a new question, the
 * old rows stay until each visible page of the new answer has come or failed.
 */
export class PagedRows {
  readonly #feed: Feed;
  readonly #changed: (t: number) => void;
  readonly #intervalMs: 250 | 1000;
  #wish: Asked | null = null;
  #key = '';
  #shown: Answer | null = null;
  #next: Answer | null = null;
  /** Pages in sight. */
  #first = 0;
  #last = 0;
  #appliedAt = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #total = 0;

  /** `changed` is called after each frame of the feed, with the hub's time. */
  constructor(feed: Feed, intervalMs: 250 | 1000, changed: (t: number) => void) {
    this.#feed = feed;
    this.#intervalMs = intervalMs;
    this.#changed = changed;
  }

  /**
   * How many rows match, in sight or not. This is the number that came last with any page of the shown answer.
   */
  get total(): number {
    return this.#total;
  }

  /** Whether an answer is shown. It stays so while the connection is lost. */
  get isKnown(): boolean {
    return this.#shown !== null;
  }

  get error(): string | null {
    for (const answer of [this.#next, this.#shown]) {
      for (const { subscription } of answer?.pages.values() ?? [])
        if (subscription.error) return subscription.error.message;
    }
    return null;
  }

  /** Ask another question; null: show nothing. */
  ask(wish: Asked | null): void {
    const key = wish === null ? '' : JSON.stringify([wish.topic, wish.columns, wish.view]);
    if (key === this.#key) return;
    this.#key = key;
    this.#wish = wish;
    if (wish === null) this.#clear();
    else this.#soon();
  }

  /** Rows `first` to `end` are in sight. */
  show(first: number, end: number): void {
    const page = Math.floor(Math.max(0, first) / PAGE_ROWS);
    const last = Math.min(Math.floor(Math.max(first, end - 1) / PAGE_ROWS), page + MAX_PAGES - 1);
    if (page === this.#first && last === this.#last) return;
    this.#first = page;
    this.#last = last;
    this.#soon();
  }

  /** Sort the rows of each page. `RowOrder` explains `held` and `now`. */
  arrange(held: boolean, now: number): void {
    if (this.#shown === null) return;
    const { asked, pages } = this.#shown;
    for (const { subscription, order } of pages.values()) order.update(subscription.rows, asked.compare, held, now);
  }

  /** Key of the row at an index of the whole table, or null if it has not come. */
  keyAt(index: number): string | null {
    return this.#shown?.pages.get(Math.floor(index / PAGE_ROWS))?.order.keys[index % PAGE_ROWS] ?? null;
  }

  /** Index of a row in the whole table; -1 if no page that is here has it. */
  indexOf(key: string): number {
    for (const [number, { order }] of this.#shown?.pages ?? []) {
      const at = order.keys.indexOf(key);
      if (at >= 0) return number * PAGE_ROWS + at;
    }
    return -1;
  }

  row(key: string): Row | undefined {
    for (const { subscription } of this.#shown?.pages.values() ?? []) {
      const row = subscription.rows.get(key);
      if (row !== undefined) return row;
    }
    return undefined;
  }

  /** All rows that are here. */
  *rows(): Generator<Row> {
    for (const { subscription } of this.#shown?.pages.values() ?? []) yield* subscription.rows.values();
  }

  #clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#end(this.#shown);
    this.#end(this.#next);
    this.#shown = this.#next = null;
    this.#total = 0;
  }

  /** Change the subscriptions now, or as soon as `MIN_INTERVAL_MS` have passed since the last change. */
  #soon(): void {
    if (this.#timer !== null) return;
    const wait = this.#appliedAt + MIN_INTERVAL_MS - performance.now();
    if (wait <= 0) this.#apply();
    else {
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.#apply();
      }, wait);
    }
  }

  #apply(): void {
    const wish = this.#wish;
    if (wish === null) return;
    this.#appliedAt = performance.now();
    if (this.#key === this.#shown?.key) {
      this.#end(this.#next);
      this.#next = null;
    } else if (this.#key !== this.#next?.key) {
      this.#end(this.#next);
      this.#next = { key: this.#key, asked: wish, pages: new Map() };
    }
    this.#subscribe(this.#next ?? (this.#shown as Answer));
    this.#adopt();
  }

  /** Subscribe to the pages in sight, and unsubscribe from the others. */
  #subscribe({ asked, pages }: Answer): void {
    for (let number = this.#first; number <= this.#last; number++) {
      if (!pages.has(number)) pages.set(number, this.#page(asked, number));
    }
    for (const [number, { subscription }] of pages) {
      if (number >= this.#first && number <= this.#last) continue;
      subscription.unsubscribe();
      pages.delete(number);
    }
  }

  #page(asked: Asked, number: number): Page {
    const { topic, columns, view } = asked;
    const part = { ...view, offset: number * PAGE_ROWS, limit: PAGE_ROWS };
    const options = { intervalMs: this.#intervalMs, columns, view: part };
    const subscription = this.#feed.subscribe(topic, options, ({ t }) => {
      this.#adopt();
      if (this.#shown?.asked === asked) this.#total = subscription.total;
      this.#changed(t);
    });
    return { subscription, order: new RowOrder() };
  }

  #adopt(): void {
    const next = this.#next;
    if (next === null || ![...next.pages.values()].every(hasCome)) return;
    this.#end(this.#shown);
    this.#shown = next;
    this.#next = null;
    for (const { subscription } of next.pages.values()) this.#total = subscription.total;
  }

  /** Unsubscribe from all pages of an answer. */
  #end(answer: Answer | null): void {
    for (const { subscription } of answer?.pages.values() ?? []) subscription.unsubscribe();
  }
}

const hasCome = ({ subscription }: Page) => subscription.ready || subscription.error !== null;
