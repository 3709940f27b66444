import type { Answer, NoAnswer } from '@auralis/server/check/answer';
import { EngineRoom } from '@auralis/server/engine/room';
import { CmcdRecord } from '@auralis/server/external/cmcd';
import { CmcdIntake } from '@auralis/server/external/cmcd-intake';
import { ConnectionInbox } from '@auralis/server/external/connection-record';
import { ExternalConnections } from '@auralis/server/external/external-connections';
import { ReportIntake } from '@auralis/server/external/report-intake';
import { SummaryHistory } from '@auralis/server/http/summary';
import { Relay } from '@auralis/server/relay/relay';
import { Sweep } from '@auralis/server/relay/sweep';
import { HubCounters } from '@auralis/server/state/counters';
import { EngineTotals } from '@auralis/server/state/engine-totals';
import { type CONNECTION, createTables, HUB, STREAM } from '@auralis/server/state/tables';
import { toTheEnd } from '@auralis/server/time/time-slicer';
import { SCHEMAS } from '@auralis/shared';
import { ANYBODY } from '../limits/holders.js';

type Row = Record<string, number | string | null>;

/** A hub in small, to which others report, on a clock that a test moves. */
export class ExternalWorld {
  now = 1_000_000;
  readonly tables = createTables();
  readonly counters = new HubCounters(this.tables.hubs, 'hub', [], this.now);
  readonly totals = new EngineTotals();
  readonly relay: Relay;
  readonly reported: ExternalConnections;
  readonly players: ExternalConnections;
  readonly desk: ReportIntake;
  readonly cmcd: CmcdIntake;
  readonly engines: EngineRoom;
  readonly #sweep: Sweep;
  readonly #summary: SummaryHistory;

  constructor(maxClients = 100, maxSharePercent = 100) {
    const { tables, counters, totals } = this;
    const limits = {
      maxMessagesPerSecond: 50,
      maxFloodPerSecond: 500,
      maxRefusalsPerMinute: 60,
      maxOutstandingMs: 2000,
      reportIntervalMs: 2000,
    };
    this.relay = new Relay(tables, counters, { maxClients, maxSharePercent, ...limits });
    this.reported = new ExternalConnections(this.relay, tables, counters, totals.externalChunks, ':');
    this.players = new ExternalConnections(this.relay, tables, counters, totals.externalChunks, '~');
    this.desk = new ReportIntake(this.reported, new ConnectionInbox(), counters);
    this.cmcd = new CmcdIntake(this.players, (text) => new CmcdRecord(text), counters);
    this.engines = new EngineRoom(tables, counters, totals, (...asked) => this.relay.keep(...asked));
    this.#sweep = new Sweep(this.relay, tables, counters, (error) => {
      throw error;
    });
    this.#summary = new SummaryHistory(tables, counters.slot, totals, this.now);
  }

  /** Reports of stream `main`, all at once; what was refused, as code and message. */
  send(...records: object[]): string[] {
    return this.sendTo('main', ...records);
  }

  /** Return the answer to decoded reports of a stream. */
  reports(stream: string, found: unknown): Answer | NoAnswer {
    return toTheEnd(this.desk.takeSteps(stream, found, ANYBODY, () => this.now));
  }

  /** Return the answer to CMCD records. */
  records(lines: readonly string[], stream: string | null, address: string): Answer | NoAnswer {
    return toTheEnd(this.cmcd.takeSteps(lines, stream, { address, holders: [address] }, () => this.now));
  }

  sendTo(stream: string, ...records: object[]): string[] {
    const answer = this.reports(stream, records);
    if (typeof answer === 'string') throw new Error(answer);
    return (answer as Answer).errors.map(({ code, message }) => `${code} ${message}`);
  }

  /** CMCD records, each a line; what was refused, as line, code and message. */
  player(stream: string | null, ...lines: string[]): string[] {
    const answer = this.records(lines, stream, '');
    if (typeof answer === 'string') throw new Error(answer);
    return (answer as Answer).errors.map(({ index, code, message }) => `${index} ${code} ${message}`);
  }

  opened(connection: string, attributes?: object): void {
    this.send({ type: 'connection_opened', connection, ...(attributes === undefined ? {} : { attributes }) });
  }

  metrics(connection: string, metrics: object): void {
    this.send({ type: 'connection_metrics', connection, ...metrics });
  }

  /** Seconds go by; `each` runs in each of them, before the sweep. */
  pass(seconds: number, each?: (second: number) => void): void {
    for (let second = 1; second <= seconds; second++) {
      this.now += 1000;
      each?.(second);
      this.reported.expire(this.now);
      this.players.expire(this.now);
      toTheEnd(this.#sweep.steps(this.now));
      this.engines.sweep(this.now);
    }
  }

  /**
   * A row of `connections` by name, labels of enumerations and null for what is missing; null where there is none.
   */
  row(key: string): Row | null {
    const slot = this.tables.connections.slotOf(key);
    if (slot === undefined) return null;
    const { columns, attributes } = SCHEMAS.connections;
    const row: Row = {};
    for (const [at, name] of attributes.entries()) row[name] = this.tables.connections.attributesOf(slot)[at] ?? '';
    for (const { name, index, labels } of columns) {
      const value = this.tables.connections.get(slot, index);
      row[name] = Number.isNaN(value) ? null : (labels?.[value] ?? value);
    }
    return row;
  }

  stream(column: keyof typeof STREAM, name = 'main'): number {
    return this.tables.streams.get(this.tables.streams.slotOf(name) as number, STREAM[column]);
  }

  hub(column: keyof typeof HUB): number {
    return this.tables.hubs.get(this.counters.slot, HUB[column]);
  }

  get summary() {
    return this.#summary.summary(this.now);
  }
}

export const columnsOf = (row: Row | null, ...names: (keyof typeof CONNECTION)[]) => names.map((name) => row?.[name]);
