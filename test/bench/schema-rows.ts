import { Encoder, type SchemaType, schema, t } from '@colyseus/schema';

/**
 * The shortest that @colyseus/schema has for them: a count as its own variable-length number, tenths of a ms as
 * float32.
 */
const Listener = schema(
  { chunks_sent: t.number(), latency_ms: t.float32(), buffer_depth_ms: t.number(), rtt_ms: t.float32() },
  'Listener',
);
const State = schema({ listeners: t.map(Listener) }, 'State');

/** Rows of four columns as a state of @colyseus/schema, which keeps what changed as it is written. */
export class SchemaRows {
  readonly #state = new State();
  readonly #encoder: Encoder;
  readonly #rows: SchemaType<typeof Listener>[] = [];

  constructor() {
    Encoder.BUFFER_SIZE = 1024 * 1024;
    this.#encoder = new Encoder(this.#state);
  }

  open(id: string): void {
    const row = new Listener();
    this.#rows.push(row);
    this.#state.listeners.set(id, row);
  }

  write(slot: number, [sent, latency, depth, rtt]: readonly number[]): void {
    Object.assign(this.#rows[slot] as object, {
      chunks_sent: sent,
      latency_ms: latency,
      buffer_depth_ms: depth,
      rtt_ms: rtt,
    });
  }

  /** Bytes of a patch with what changed since the one before. */
  patch(): number {
    const { length } = this.#encoder.encode();
    this.#encoder.discardChanges();
    return length;
  }

  /** Bytes of the whole state. */
  snapshot(): number {
    return this.#encoder.encodeAll().length;
  }
}
