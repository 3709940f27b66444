import {
  COLUMNS,
  decodeRequest,
  encodeResponse,
  FrameBuilder,
  JsonFrameSink,
  type LiveForm,
  MsgpackFrameSink,
  type Request,
  type Response,
  SCHEMAS,
  TABLE_NAMES,
  Table,
  type Wire,
} from '@auralis/shared';
import type { FakeSocket } from './fake-world.js';

export const CHANNEL = 70_000;
export const SOURCE = 'hub-a@1';

/** One source of one channel: a table of connections and the frames of it. */
export class FakeSource {
  readonly table = new Table(SCHEMAS.connections);
  readonly source: string;
  readonly #builder: FrameBuilder;
  readonly #form: LiveForm;

  constructor(source = SOURCE, form: LiveForm = 'msgpack') {
    this.source = source;
    this.#form = form;
    this.#builder = new FrameBuilder(
      this.table,
      SCHEMAS.connections.columns.map(({ index }) => index),
    );
  }

  get seq(): number {
    return this.#builder.seq;
  }

  /** Adds the row or sets its latency. */
  set(key: string, latencyMs: number, stream = 'main'): void {
    const slot = this.table.slotOf(key) ?? this.table.open(key, [stream]);
    this.table.set(slot, SCHEMAS.connections.index.latency_ms, latencyMs);
  }

  remove(key: string): void {
    this.table.close(this.table.slotOf(key) as number);
  }

  delta(t: number, channel = CHANNEL): Wire {
    const sink = this.#sink();
    this.#builder.advance(channel, this.source, t, [sink], true);
    return written(sink);
  }

  snapshot(t: number, channel = CHANNEL): Wire {
    const sink = this.#sink();
    this.#builder.snapshot(channel, this.source, t, sink);
    return written(sink);
  }

  #sink(): MsgpackFrameSink | JsonFrameSink {
    return this.#form === 'json' ? new JsonFrameSink() : new MsgpackFrameSink();
  }
}

const written = (sink: MsgpackFrameSink | JsonFrameSink): Wire =>
  sink instanceof JsonFrameSink ? sink.text : sink.writer.copy();

/** The hub's end of a client's socket. */
export class FakeHub {
  readonly #socket: FakeSocket;
  readonly #form: LiveForm;

  constructor(socket: FakeSocket, form: LiveForm = 'msgpack') {
    this.#socket = socket;
    this.#form = form;
  }

  accept(now: number): this {
    this.#socket.accept();
    const tables = Object.fromEntries(
      TABLE_NAMES.map((name) => {
        const { attributes, columns } = SCHEMAS[name];
        return [name, { attributes, columns: columns.map(({ id }) => id) }];
      }),
    );
    const catalogue = COLUMNS.map(({ index: _, ...entry }) => entry);
    this.say({ kind: 'welcome', welcome: { hub: SOURCE, version: '0.1.0', now, tables, catalogue } });
    return this;
  }

  say(response: Exclude<Response, { kind: 'snapshot' | 'delta' }>): void {
    this.#socket.receive(encodeResponse(response, this.#form));
  }

  subscribed(sub: number, channel = CHANNEL): void {
    const { columns, attributes } = SCHEMAS.connections;
    this.say({ kind: 'subscribed', sub, channel, columns: columns.map(({ id }) => id), attributes });
  }

  send(...frames: Wire[]): void {
    for (const frame of frames) this.#socket.receive(frame);
  }

  /** Requests of the client since the last call, as the hub reads them. */
  requests(): Request[] {
    return this.#socket.takeSent().map((wire) => decodeRequest(wire));
  }

  /** The same, of one kind. */
  take<K extends Request['kind']>(kind: K): Extract<Request, { kind: K }>[] {
    return this.requests().filter((request): request is Extract<Request, { kind: K }> => request.kind === kind);
  }
}
