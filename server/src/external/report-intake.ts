import { STALE_MS } from '@auralis/shared';
import { type Answer, type NoAnswer, takeSteps } from '../check/answer.js';
import type { Holders } from '../limits/places.js';
import type { ClientReport, ConnectionMetrics } from '../listeners/external-connection.js';
import type { HubCounters } from '../state/counters.js';
import type { ConnectionAttributes, ConnectionName, ExternalConnections, Placed } from './external-connections.js';

/** What a server tells of one of its connections, checked. */
export type ConnectionRecord =
  | {
      readonly type: 'connection_opened';
      readonly connection: string;
      readonly attributes: ConnectionAttributes | null;
    }
  | ({ readonly type: 'connection_metrics'; readonly connection: string } & ConnectionMetrics)
  | { readonly type: 'connection_closed'; readonly connection: string; readonly reason: string | null };

/** What the desk needs of ingest: a record, read and checked. */
export interface ConnectionInbox {
  /** What one record may be, as JSON Schema. */
  readonly recordSchema: object;
  /** `client`: valid until the next. @throws Refusal */
  read(found: unknown): {
    readonly record: ConnectionRecord;
    readonly client: ClientReport | null;
    readonly ignored: number;
  };
}

const UNKNOWN: ConnectionAttributes = { client: '', address: '' };

/** Where a server that streams by itself tells of its connections. */
export class ReportIntake {
  readonly recordSchema: object;
  readonly #connections: ExternalConnections;
  readonly #inbox: ConnectionInbox;
  readonly #counters: HubCounters;

  constructor(connections: ExternalConnections, inbox: ConnectionInbox, counters: HubCounters) {
    this.#connections = connections;
    this.#inbox = inbox;
    this.#counters = counters;
    this.recordSchema = inbox.recordSchema;
  }

  /**
   * Take a record or a list of them, as decoded, one a step. Good ones are taken, others refused and counted. `holders`: who
   * tells.
   */
  *takeSteps(stream: string, found: unknown, holders: Holders, now: () => number): Generator<void, Answer | NoAnswer> {
    const answer = yield* takeSteps(found, (each) => {
      const { record, client, ignored } = this.#inbox.read(each);
      this.#take({ stream, connection: record.connection }, record, client, holders, now());
      if (ignored > 0) this.#counters.add('fields_ignored', ignored);
    });
    if (typeof answer !== 'string' && answer.refused > 0) this.#counters.add('messages_refused', answer.refused);
    return answer;
  }

  #take(
    name: ConnectionName,
    record: ConnectionRecord,
    client: ClientReport | null,
    holders: Holders,
    now: number,
  ): void {
    switch (record.type) {
      case 'connection_opened':
        this.#opened(name, record.attributes ?? UNKNOWN, holders, now);
        break;
      case 'connection_metrics': {
        // One that was open before the hub was: what it has counted so far belongs to no rate.
        const placed = this.#connections.get(name) ?? this.#open(name, UNKNOWN, holders, 'before', now);
        this.#connections.report(placed, record, client, now);
        break;
      }
      case 'connection_closed':
        this.#connections.close(name, record.reason ?? '', now);
        break;
    }
  }

  /** Told twice, it is the same connection, described anew. */
  #opened(name: ConnectionName, who: ConnectionAttributes, holders: Holders, now: number): void {
    const known = this.#connections.get(name);
    if (known === null) this.#open(name, who, holders, 'now', now);
    else this.#connections.describe(known, who);
  }

  #open(
    name: ConnectionName,
    who: ConnectionAttributes,
    holders: Holders,
    since: 'now' | 'before',
    now: number,
  ): Placed {
    return this.#connections.open(name, who, holders, since, STALE_MS, now);
  }
}
