import type { Feed, Row, RowChange, Subscription } from '@auralis/client/dashboard/model/feed';
import { type CatalogueEntry, SCHEMAS, type TableName, type Welcome } from '@auralis/shared';
import type { View } from '@auralis/shared/messages';

type Values = Readonly<Record<string, number | string | null>>;

/** A row of which texts are attributes and numbers readings. */
export function row(key: string, values: Values = {}): Row {
  return {
    key,
    attribute: (name) => (typeof values[name] === 'string' ? values[name] : ''),
    get: (name) => (typeof values[name] === 'number' ? values[name] : null),
  };
}

/** Subscriptions of a page, with which a test sends frames. */
export class FakeSubscription implements Subscription {
  readonly rows = new Map<string, Row>();
  readonly topic: string;
  readonly view: View | undefined;
  total = 0;
  ready = false;
  error: { message: string } | null = null;
  isEnded = false;
  readonly #changed: (change: RowChange) => void;

  constructor(topic: string, view: View | undefined, changed: (change: RowChange) => void) {
    this.topic = topic;
    this.view = view;
    this.#changed = changed;
  }

  /** A frame after which these are its rows. */
  brings(rows: readonly Row[], total = rows.length, t = 1_000): void {
    this.rows.clear();
    for (const each of rows) this.rows.set(each.key, each);
    this.total = total;
    this.ready = true;
    this.#changed({ reset: false, t });
  }

  unsubscribe(): void {
    this.isEnded = true;
  }
}

export class FakeFeed implements Feed {
  state: Feed['state'] = 'live';
  hub: Welcome | null = { hub: 'vm@1', version: '0', now: 0, tables: {}, catalogue: [] } as unknown as Welcome;
  behindMs = 0;
  closeCode: number | null = null;
  readonly all: FakeSubscription[] = [];
  #onState: () => void = () => {};

  /** Subscriptions of a topic that have not ended. */
  open(topic: string): FakeSubscription[] {
    return this.all.filter((each) => !each.isEnded && each.topic === topic);
  }

  onState(changed: () => void): void {
    this.#onState = changed;
  }

  becomes(state: Feed['state']): void {
    this.state = state;
    this.#onState();
  }

  columns(table: TableName): readonly CatalogueEntry[] {
    return SCHEMAS[table].columns;
  }

  now = () => 1_000_000;

  subscribe(topic: string, options: { view?: View }, changed: (change: RowChange) => void): FakeSubscription {
    const subscription = new FakeSubscription(topic, options.view, changed);
    this.all.push(subscription);
    return subscription;
  }
}
