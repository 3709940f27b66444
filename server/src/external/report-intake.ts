import { STALE_MS } from '@auralis/shared';
import { type Answer, type NoAnswer, takeSteps } from '../check/answer.js';
import type { Holders } from '../limits/places.js';
import type { ClientReport, ConnectionMetrics } from '../listeners/external-connection.js';
import type { HubCounters } from '../state/counters.js';
import type { ConnectionAttributes, ConnectionName, ExternalConnections, Placed } from './external-connections.js';

/** A server's record about one of its connections, checked. */
export type ConnectionRecord =
  | {
      readonly type: 'connection_opened';
      readonly connection: string;
      readonly attributes: ConnectionAttributes | null;
    }
  | ({ readonly type: 'connection_metrics'; readonly connection: string } & ConnectionMetrics)
  | { readonly type: 'connection_closed'; readonly connection: string; readonly reason: string | null };

/** Reads and checks records. */
export interface ConnectionInbox {
  /** JSON Schema of a record. */
  readonly recordSchema: object;
  /** `client`: valid until the next. @throws Refusal */
  read(found: unknown): {
    readonly record: ConnectionRecord;
    readonly client: ClientReport | null;
    readonly ignored: number;
  };
}

const UNKNOWN: ConnectionAttributes = { client: '', address: '' };

/** Takes reports of servers that stream by themselves. */
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
   * Take a decoded record or a list of them, one a step. Good ones are taken, others refused and counted. `holders`:
   * the reporter.
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
        // It was open before the hub started, so its counts so far belong to no rate.
        const placed = this.#connections.get(name) ?? this.#open(name, UNKNOWN, holders, 'before', now);
        this.#connections.report(placed, record, client, now);
        break;
      }
      case 'connection_closed':
        this.#connections.close(name, record.reason ?? '', now);
        break;
    }
  }

  /** Reported as opened twice, it is the same connection with a new description. */
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
