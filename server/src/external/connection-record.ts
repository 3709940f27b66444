import { MAX_ABS_MS, MAX_CHUNK_DURATION_MS } from '@auralis/shared';
import { count, type Kind, needed, optional, real } from '../check/fields.js';
import { type RecordOf, RecordReader } from '../check/record-reader.js';
import { recordSchema } from '../check/record-schema.js';
import { Refusal } from '../check/refusal.js';
import { Report } from '../ingest/report.js';

/** Shown in tables, pages and URLs, so it must be visible and on one line. */
const VISIBLE = /^[\x21-\x7e]{1,128}$/;
const LINE = /^\P{Cc}{0,200}$/u;

/** A text, or a number as its server counts them; 7 and "7" are the same. */
const connectionId: Kind<string> = {
  allowed: 'a text of 1 to 128 visible ASCII characters or a whole number',
  schema: { type: ['string', 'integer'], minLength: 1, maxLength: 128 },
  read: (found) => {
    if (typeof found === 'number') return Number.isSafeInteger(found) ? String(found) : undefined;
    return typeof found === 'string' && VISIBLE.test(found) ? found : undefined;
  },
};
const line: Kind<string> = {
  allowed: 'a text of at most 200 characters, on one line',
  schema: { type: 'string', maxLength: 200 },
  read: (found) => (typeof found === 'string' && LINE.test(found) ? found : undefined),
};
const attributes: Kind<{ readonly client: string; readonly address: string; readonly ignored: number }> = {
  allowed: 'a map, of which client and address are texts of at most 200 characters',
  schema: { type: 'object' },
  read: (found) => {
    if (!isMap(found)) return undefined;
    const [client, address] = ['client', 'address'].map((name) => line.read(found[name] ?? ''));
    if (client === undefined || address === undefined) return undefined;
    const ignored = Object.keys(found).filter((name) => name !== 'client' && name !== 'address').length;
    return { client, address, ignored };
  },
};
const clientMetrics: Kind<Record<string, unknown>> = {
  allowed: 'a map of client_metrics',
  schema: { type: 'object' },
  read: (found) => (isMap(found) ? found : undefined),
};
const ms = real('of milliseconds', 0, MAX_ABS_MS);
const duration = real('of milliseconds', 1, MAX_CHUNK_DURATION_MS);

/** Records of a server about its connections. Counters are since the connection opened. */
const RECORDS = {
  connection_opened: { connection: needed(connectionId), attributes: optional(attributes) },
  connection_metrics: {
    connection: needed(connectionId),
    chunksSent: optional(count),
    chunksDropped: optional(count),
    bytesSent: optional(count),
    chunkMs: optional(duration),
    bufferDepthMs: optional(ms),
    rttMs: optional(ms),
    client: optional(clientMetrics),
  },
  connection_closed: { connection: needed(connectionId), reason: optional(line) },
} as const;

const READER = new RecordReader('a report', RECORDS);

/** Reads and checks such records. */
export class ConnectionInbox {
  readonly recordSchema = recordSchema(RECORDS, 'What a server tells of one of its connections');
  readonly #report = new Report();

  /**
   * `client`: the client's own report, valid until the next record.
   * @throws Refusal
   */
  read(found: unknown): { record: RecordOf<typeof RECORDS>; client: Report | null; ignored: number } {
    const { record, ignored } = READER.read(found);
    if (record.type === 'connection_opened') {
      return { record, client: null, ignored: ignored + (record.attributes?.ignored ?? 0) };
    }
    if (record.type === 'connection_closed' || record.client === null) return { record, client: null, ignored };
    this.#readClient(record.client);
    return { record, client: this.#report, ignored: ignored + this.#report.ignored };
  }

  #readClient(client: Record<string, unknown>): void {
    try {
      this.#report.read(client);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // The report names its fields as `client_metrics` does.
      throw new Refusal(error.code, error.message.replace(/^metrics/, 'connection_metrics.client'));
    }
  }
}

function isMap(found: unknown): found is Record<string, unknown> {
  return typeof found === 'object' && found !== null && !Array.isArray(found) && !(found instanceof Uint8Array);
}
