/** The part of the live SDK that the dashboard needs. The model runs on anything of this shape. */
import type { CatalogueEntry, TableName, Welcome } from '@auralis/shared';
import type { View } from '@auralis/shared/messages';

export type LinkState = 'connecting' | 'live' | 'behind' | 'reconnecting' | 'closed';

export interface Row {
  readonly key: string;
  attribute(name: string): string;
  /** The reading in its column's unit; null where it is missing or the column is not there. */
  get(column: string): number | null;
}

export type Rows = ReadonlyMap<string, Row>;

export interface RowChange {
  readonly reset: boolean;
  /** Hub's clock, ms since 1970. */
  readonly t: number;
}

export interface Subscription {
  readonly rows: Rows;
  /** Rows that match, before the view's offset and limit. */
  readonly total: number;
  readonly ready: boolean;
  readonly error: { readonly message: string } | null;
  unsubscribe(): void;
}

export interface Feed {
  readonly state: LinkState;
  readonly hub: Welcome | null;
  readonly behindMs: number;
  /** WebSocket close code that ended it for good; null while it has not. */
  readonly closeCode: number | null;
  onState(changed: () => void): unknown;
  columns(table: TableName): readonly CatalogueEntry[];
  /** Hub's clock, ms since 1970. */
  now(): number;
  subscribe(
    topic: string,
    options: { readonly intervalMs: 250 | 1000; readonly columns?: readonly string[]; readonly view?: View },
    changed: (change: RowChange) => void,
  ): Subscription;
}

export const NO_ROWS: Rows = new Map();
