import { SCHEMAS } from '@auralis/shared';
import type { LiveConnection } from './live-connection.js';
import type { LiveView, ViewRow } from './live-view.js';
import { type Answer, answer, type Query, wishOf } from './query.js';
import { STREAM_COLUMNS } from './table-layout.js';

const HUB_COLUMNS = ['active_connections', 'dashboards', 'process_memory_mb'];
const ALERT_COLUMNS = ['state', 'since', 'silenced'];
const BY_KEY = new Intl.Collator('en', { numeric: true });

/** A query and the view that answers it. */
interface Asked {
  readonly key: string;
  readonly query: Query;
  readonly view: LiveView;
}

/** The views behind the screen. The rows of a new query replace the old ones only when all have come. */
export class TopViews {
  readonly #connection: LiveConnection;
  readonly #hubs: LiveView;
  readonly #streams: LiveView;
  readonly #alerts: LiveView;
  #shown: Asked | null = null;
  #next: Asked | null = null;

  constructor(connection: LiveConnection, intervalMs: number) {
    this.#connection = connection;
    this.#hubs = connection.view({ topic: 'hubs', intervalMs, columns: HUB_COLUMNS });
    this.#streams = connection.view({ topic: 'streams', intervalMs, columns: STREAM_COLUMNS });
    this.#alerts = connection.view({ topic: 'alerts', intervalMs, columns: ALERT_COLUMNS });
  }

  /** Asks for the rows of `query`, unless they are already asked for. */
  ask(query: Query): void {
    const key = JSON.stringify(query);
    if (key === (this.#next ?? this.#shown)?.key) return;
    this.#end(this.#next);
    this.#next = null;
    if (key !== this.#shown?.key) {
      this.#next = { key, query, view: this.#connection.view(wishOf(query)) };
    }
    this.#settle();
  }

  /** The row of the hub with this id. */
  hubRow(id: string): ViewRow | null {
    return this.#hubs.row(id);
  }

  /** All streams, by name. */
  streams(): readonly ViewRow[] {
    return this.#streams.rows().sort((a, b) => BY_KEY.compare(a.key, b.key));
  }

  /** All alerts, including those that are over. */
  alerts(): readonly ViewRow[] {
    return this.#alerts.rows();
  }

  connections(): Answer {
    this.#settle();
    return this.#shown === null ? NOTHING : answer(this.#shown.query, this.#shown.view);
  }

  /** The rows are those of an earlier connection. */
  get isStale(): boolean {
    const view = this.#shown?.view;
    return view !== undefined && !view.isCurrent && view.error === null;
  }

  /** Every request was answered or refused. */
  get isComplete(): boolean {
    this.#settle();
    return this.#next === null && !this.isStale && [this.#hubs, this.#streams, this.#alerts].every(isAnswered);
  }

  /** The hub's refusal. */
  get notice(): string | null {
    const views = [this.#hubs, this.#streams, this.#next?.view, this.#shown?.view];
    return views.find((view) => view != null && view.error !== null)?.error ?? null;
  }

  #settle(): void {
    if (this.#next === null || !isAnswered(this.#next.view)) return;
    this.#end(this.#shown);
    this.#shown = this.#next;
    this.#next = null;
  }

  #end(asked: Asked | null): void {
    if (asked !== null) this.#connection.end(asked.view);
  }
}

const NOTHING: Answer = { rows: [], total: 0 };

const isAnswered = (view: LiveView) => view.isCurrent || view.error !== null;

/** The names of the columns that a person may sort connections by. */
export const SORT_COLUMNS: readonly string[] = SCHEMAS.connections.columns.map(({ name }) => name);
