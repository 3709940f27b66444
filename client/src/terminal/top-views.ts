import { SCHEMAS } from '@auralis/shared';
import type { Subscription } from '../live/types.js';
import { type HubLink, isRefused } from './hub-link.js';
import { type Answer, answer, type Query, wishOf } from './query.js';
import { STREAM_COLUMNS } from './table-layout.js';
import { copiesOf, copyOf, type ViewRow } from './view-row.js';

const HUB_COLUMNS = ['active_connections', 'dashboards', 'process_memory_mb'];
const ALERT_COLUMNS = ['state', 'since', 'silenced'];
const BY_KEY = new Intl.Collator('en', { numeric: true });

/** A query and the subscription that answers it. */
interface Asked {
  readonly key: string;
  readonly query: Query;
  readonly rows: Subscription;
}

/** The subscriptions behind the screen. The rows of a new query replace the old ones only when all have come. */
export class TopViews {
  readonly #link: HubLink;
  readonly #changed: () => void;
  readonly #hubs: Subscription;
  readonly #streams: Subscription;
  readonly #alerts: Subscription;
  #shown: Asked | null = null;
  #next: Asked | null = null;

  /** `changed` is called when rows changed or were refused. */
  constructor(link: HubLink, intervalMs: number, changed: () => void) {
    this.#link = link;
    this.#changed = changed;
    this.#hubs = link.follow({ topic: 'hubs', intervalMs, columns: HUB_COLUMNS }, changed);
    this.#streams = link.follow({ topic: 'streams', intervalMs, columns: STREAM_COLUMNS }, changed);
    this.#alerts = link.follow({ topic: 'alerts', intervalMs, columns: ALERT_COLUMNS }, changed);
  }

  /** Asks for the rows of `query`, unless they are already asked for. */
  ask(query: Query): void {
    const key = JSON.stringify(query);
    if (key === (this.#next ?? this.#shown)?.key) return;
    this.#next?.rows.unsubscribe();
    this.#next = null;
    if (key !== this.#shown?.key) {
      this.#next = { key, query, rows: this.#link.follow(wishOf(query), this.#changed) };
    }
    this.#settle();
  }

  /** The row of the hub with this id. */
  hubRow(id: string): ViewRow | null {
    const row = this.#hubs.rows.get(id);
    return row === undefined ? null : copyOf(row, this.#hubs);
  }

  /** All streams, by name. */
  streams(): readonly ViewRow[] {
    return copiesOf(this.#streams).sort((a, b) => BY_KEY.compare(a.key, b.key));
  }

  /** All alerts, including those that are over. */
  alerts(): readonly ViewRow[] {
    return copiesOf(this.#alerts);
  }

  connections(): Answer {
    this.#settle();
    return this.#shown === null ? NOTHING : answer(this.#shown.query, this.#shown.rows);
  }

  /** The rows are those of an earlier connection. */
  get isStale(): boolean {
    return this.#shown !== null && !isAnswered(this.#shown.rows);
  }

  /** Every request was answered or refused. */
  get isComplete(): boolean {
    this.#settle();
    return this.#next === null && !this.isStale && [this.#hubs, this.#streams, this.#alerts].every(isAnswered);
  }

  /** The hub's refusal of a request, even of one that will be made again. */
  get notice(): string | null {
    const asked = [this.#hubs, this.#streams, this.#next?.rows, this.#shown?.rows];
    return asked.find((each) => each != null && each.error !== null)?.error?.message ?? null;
  }

  #settle(): void {
    if (this.#next === null || !isAnswered(this.#next.rows)) return;
    this.#shown?.rows.unsubscribe();
    this.#shown = this.#next;
    this.#next = null;
  }
}

const NOTHING: Answer = { rows: [], total: 0 };

const isAnswered = (rows: Subscription) => rows.ready || isRefused(rows);

/** The names of the columns that a person may sort connections by. */
export const SORT_COLUMNS: readonly string[] = SCHEMAS.connections.columns.map(({ name }) => name);
