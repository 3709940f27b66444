import { CMCD_STALE_MS, STREAM_NAME } from '@auralis/shared';
import { type Answer, type NoAnswer, takeSteps } from '../check/answer.js';
import { Refusal } from '../check/refusal.js';
import type { Holders } from '../limits/places.js';
import type { ClientReport, ExternalConnection } from '../listeners/external-connection.js';
import type { HubCounters } from '../state/counters.js';
import type { ExternalConnections } from './external-connections.js';

/** A player's record, checked. */
export interface PlayerRecord extends ClientReport {
  readonly session: string;
  readonly content: string | null;
  readonly sequence: number;
  readonly sentAtMs: number;
  readonly hasQuit: boolean;
  readonly ignored: number;
}

/** Sender of records: the address that is shown, and the names under which places are counted. */
export interface PlayerSource {
  readonly address: string;
  readonly holders: Holders;
}

/** Takes CMCD records of players without our SDK. */
export class CmcdIntake {
  readonly #connections: ExternalConnections;
  readonly #read: (text: string) => PlayerRecord;
  readonly #counters: HubCounters;
  /** Number and time of the last record taken. */
  readonly #last = new WeakMap<ExternalConnection, { readonly sequence: number; readonly sentAtMs: number }>();

  /** `read` throws Refusal. */
  constructor(connections: ExternalConnections, read: (text: string) => PlayerRecord, counters: HubCounters) {
    this.#connections = connections;
    this.#read = read;
    this.#counters = counters;
  }

  /**
   * Take records, each a line, one a step. `stream`: their stream, or null for that of each record's content. `from`:
   * the sender.
   */
  *takeSteps(
    lines: readonly string[],
    stream: string | null,
    from: PlayerSource,
    now: () => number,
  ): Generator<void, Answer | NoAnswer> {
    const answer = yield* takeSteps(lines, (line) => this.#take(this.#read(line as string), stream, from, now()));
    if (typeof answer !== 'string' && answer.refused > 0) this.#counters.add('messages_refused', answer.refused);
    return answer;
  }

  #take(record: PlayerRecord, stream: string | null, { address, holders }: PlayerSource, now: number): void {
    const name = { stream: stream ?? streamOf(record), connection: record.session };
    const who = { client: '', address };
    const placed = this.#connections.get(name) ?? this.#connections.open(name, who, holders, 'now', CMCD_STALE_MS, now);
    if (!this.#isNew(placed.connection, record)) return;
    this.#connections.report(placed, null, record, now);
    if (record.ignored > 0) this.#counters.add('fields_ignored', record.ignored);
    if (record.hasQuit) this.#connections.close(name, 'quit', now);
  }

  /** Ignore a report that was sent again because its answer was lost. A session that began anew has later times. */
  #isNew(connection: ExternalConnection, { sequence, sentAtMs }: PlayerRecord): boolean {
    const last = this.#last.get(connection);
    if (last !== undefined && sequence <= last.sequence && sentAtMs <= last.sentAtMs) return false;
    this.#last.set(connection, { sequence, sentAtMs });
    return true;
  }
}

/** @throws Refusal */
function streamOf({ content }: PlayerRecord): string {
  if (content !== null && STREAM_NAME.test(content)) return content;
  const found = content === null ? 'nothing' : JSON.stringify(content);
  throw new Refusal('bad_value', `cid: a stream's name (or say ?stream=), not ${found}`);
}
