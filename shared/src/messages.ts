/**
 * The live protocol's messages as values, between the bytes (`live-codec.ts`) and what acts on them. PROTOCOL.md says
 * what each means; names are the same here and there.
 */
import type { Column, TableName } from './catalogue.js';
import type { ErrorCode } from './codes.js';

export type WhereOp = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'contains';

/** Chooses rows of a table, and their order. Without `sort` the order is the table's own. */
export interface View {
  readonly sort?: string;
  readonly desc?: boolean;
  readonly offset?: number;
  readonly limit?: number;
  readonly where?: readonly (readonly [name: string, op: WhereOp, value: string | number])[];
}

export interface SubscribeOptions {
  /** Names of the columns wanted; all of the table's without. */
  readonly columns?: readonly string[];
  readonly view?: View;
  /** The client will acknowledge frames, and so be conflated exactly when it falls behind. */
  readonly ack?: boolean;
}

/** Client → hub. `sub` is a number that the client chooses. */
export type Request =
  | {
      readonly kind: 'subscribe';
      readonly sub: number;
      readonly topic: string;
      readonly intervalMs: number;
      readonly options: SubscribeOptions;
    }
  | { readonly kind: 'unsubscribe'; readonly sub: number }
  | { readonly kind: 'resync'; readonly sub: number; readonly source: string | null }
  | { readonly kind: 'ping'; readonly t: number }
  | { readonly kind: 'ack'; readonly channel: number; readonly source: string; readonly seq: number };

/** A row as frames introduce it. Slots are the channel's own, not the table's. */
export interface FrameRow {
  readonly slot: number;
  readonly key: string;
  readonly attributes: readonly string[];
}

/**
 * A column's cells in a frame. NaN is missing.
 * - `slots`: null for every live slot in ascending order.
 * - `values`: fixed-point integers in MessagePack, absolute in a snapshot and differences in a delta; decimal numbers
 * in JSON, always absolute.
 */
export interface FrameColumn {
  readonly id: number;
  readonly slots: ArrayLike<number> | null;
  readonly values: ArrayLike<number>;
}

interface FrameHead {
  readonly channel: number;
  /** Hub and boot: `id@epoch`. */
  readonly source: string;
  readonly seq: number;
  /** Hub's wall clock at the tick, ms since 1970. */
  readonly t: number;
  /** Rows that match, before `offset` and `limit`. */
  readonly total: number;
  readonly columns: readonly FrameColumn[];
  /** How `values` are to be read: the two subprotocols differ. */
  readonly form: LiveForm;
}

export interface Snapshot extends FrameHead {
  readonly kind: 'snapshot';
  readonly rows: readonly FrameRow[];
}

export interface Delta extends FrameHead {
  readonly kind: 'delta';
  readonly removed: readonly number[];
  readonly added: readonly FrameRow[];
}

export type Frame = Snapshot | Delta;

/** The two subprotocols of `/api/v1/live`. */
export type LiveForm = 'msgpack' | 'json';

export const SUBPROTOCOLS: Readonly<Record<LiveForm, string>> = {
  msgpack: 'auralis.live.v1.msgpack',
  json: 'auralis.live.v1.json',
};

export interface Welcome {
  /** The hub's id and boot, as in `source`. */
  readonly hub: string;
  readonly version: string;
  /** Hub's wall clock, ms since 1970. */
  readonly now: number;
  readonly tables: Readonly<
    Partial<Record<TableName, { readonly attributes: readonly string[]; readonly columns: readonly number[] }>>
  >;
  readonly catalogue: readonly CatalogueEntry[];
}

/** A column of the catalogue on the wire; `target` and `alert` are `{min?, max?}`, left out where there is none. */
export type CatalogueEntry = Omit<Column, 'index'>;

/** Hub → client. */
export type Response =
  | { readonly kind: 'welcome'; readonly welcome: Welcome }
  | {
      readonly kind: 'subscribed';
      readonly sub: number;
      readonly channel: number;
      readonly columns: readonly number[];
      readonly attributes: readonly string[];
    }
  | Frame
  | { readonly kind: 'error'; readonly sub: number | null; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'pong'; readonly t: number; readonly now: number }
  | { readonly kind: 'gone'; readonly channel: number; readonly source: string }
  | { readonly kind: 'behind'; readonly channel: number; readonly skipped: number; readonly behindMs: number };
