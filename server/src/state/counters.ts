import { HUB, type Tables } from './tables.js';

/** Counters of the hub itself: columns of its row in `hubs`. */
export type HubCounter =
  | 'refused_at_capacity'
  | 'refused_over_share'
  | 'streams_refused'
  | 'dashboards_refused'
  | 'raised_alerts_refused'
  | 'closed_rows_dropped'
  | 'dashboards_shed'
  | 'chunks_sent'
  | 'chunks_dropped'
  | 'bytes_sent'
  | 'reports'
  | 'messages_refused'
  | 'messages_oversize'
  | 'fields_ignored'
  | 'latency_impossible'
  | 'figures_impossible'
  | 'upgrades_refused'
  | 'requests_refused'
  | 'frames_sent'
  | 'frames_skipped'
  | 'stalled_closed'
  | 'listeners_removed'
  | 'databases_damaged'
  | 'clock_steps'
  | 'errors';

const COUNTERS: readonly HubCounter[] = [
  'refused_at_capacity',
  'refused_over_share',
  'streams_refused',
  'dashboards_refused',
  'raised_alerts_refused',
  'closed_rows_dropped',
  'dashboards_shed',
  'chunks_sent',
  'chunks_dropped',
  'bytes_sent',
  'reports',
  'messages_refused',
  'messages_oversize',
  'fields_ignored',
  'latency_impossible',
  'figures_impossible',
  'upgrades_refused',
  'requests_refused',
  'frames_sent',
  'frames_skipped',
  'stalled_closed',
  'listeners_removed',
  'databases_damaged',
  'clock_steps',
  'errors',
];

/** This hub's own row: its counters start at 0, for the hub knows that nothing has happened yet. */
export class HubCounters {
  readonly slot: number;
  readonly #table: Tables['hubs'];

  constructor(table: Tables['hubs'], key: string, attributes: readonly string[], startedAtMs: number) {
    this.#table = table;
    this.slot = table.open(key, attributes);
    for (const counter of COUNTERS) table.set(this.slot, HUB[counter], 0);
    table.set(this.slot, HUB.active_connections, 0);
    table.set(this.slot, HUB.dashboards, 0);
    table.set(this.slot, HUB.started_at, table.epochS(startedAtMs));
  }

  /**
   * A report was taken. Once a message: to look `reports` up by its name, as `add` does, is some 40 of its 950 ns.
   */
  addReport(): void {
    this.#table.add(this.slot, HUB.reports, 1);
  }

  add(counter: HubCounter, amount = 1): void {
    this.#table.add(this.slot, HUB[counter], amount);
  }
}
