import type { CatalogueEntry, Welcome } from '@auralis/shared/messages';
import type { LiveClientOptions, LiveState, OnChange, Subscription, SubscriptionOptions } from './types.js';

/** A dashboard's connection to a hub: subscribes to tables and keeps their rows as they are now. */
export class LiveClient {
  state: LiveState = 'connecting';
  /** The hub's WELCOME; null before the first one. */
  hub: Welcome | null = null;
  /** WebSocket close code that ended this client for good, else null. */
  closeCode: number | null = null;

  /** `url`: `ws(s)://host/api/v1/live`; the page's own hub without. */
  constructor(_url?: string, _options: LiveClientOptions = {}) {}

  /** Calls back at each change of `state`; returns what ends that. */
  onState(_callback: (state: LiveState) => void): () => void {
    return () => {};
  }

  /** The catalogue's columns of a table; empty before WELCOME. */
  columns(_table: string): readonly CatalogueEntry[] {
    return [];
  }

  /** The hub's clock now, ms since 1970, as estimated; this machine's own before WELCOME. */
  now(): number {
    return Date.now();
  }

  /** How much older the stalest rows are than they should be, in ms; 0 when live. */
  get behindMs(): number {
    return 0;
  }

  /** `topic`: a table's name, or `connections/<stream>`. */
  subscribe(_topic: string, _options: SubscriptionOptions, _onChange: OnChange): Subscription {
    throw new Error('not yet');
  }

  close(): void {}
}
