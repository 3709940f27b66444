/** A dashboard that decodes what it receives and says how old each reading was in its hands. A process of its own. */
import { COLUMNS, decodeResponse, encodeRequest, Replica, type Request, SCHEMAS, SUBPROTOCOLS } from '@auralis/shared';
import { WebSocket } from 'ws';
import { answerQuestions } from '../child.js';
import { monotonicMs } from './clock.js';
import { STAMP_COLUMN } from './stamped.js';

const STAMP_ID = SCHEMAS.connections.columns[SCHEMAS.connections.index[STAMP_COLUMN]]?.id as number;
/** The shortest of these round trips says best how the hub's clock stands to ours. */
const PINGS = 40;
const PING_EVERY_MS = 25;

export interface Ages {
  /** From leaving the listener to the dashboard's hands, ms. */
  readonly totalMs: Float64Array;
  /** The same without the wait for the tick. */
  readonly beyondMs: Float64Array;
}

class Dashboard {
  /** Hub's clock minus ours, ms. */
  #offset = 0;
  #shortest = Number.POSITIVE_INFINITY;
  #base = 0;
  readonly #intervalMs: number;
  readonly #socket: WebSocket;
  readonly #replica = new Replica(COLUMNS);
  #total: number[] = [];
  #beyond: number[] = [];

  constructor(port: number, intervalMs: number) {
    this.#intervalMs = intervalMs;
    const url = `ws://127.0.0.1:${port}/api/v1/live`;
    this.#socket = new WebSocket(url, SUBPROTOCOLS.msgpack, { perMessageDeflate: false });
  }

  /** Subscribes, and compares the clocks. */
  async open(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.once('open', resolve);
      this.#socket.once('error', reject);
    });
    this.#socket.on('message', (data: Buffer) => this.#take(new Uint8Array(data.buffer, data.byteOffset, data.length)));
    const options = { columns: [STAMP_COLUMN] };
    this.#ask({ kind: 'subscribe', sub: 1, topic: 'connections', intervalMs: this.#intervalMs, options });
    for (let at = 0; at < PINGS; at++) {
      this.#ask({ kind: 'ping', t: monotonicMs() });
      await new Promise((resolve) => setTimeout(resolve, PING_EVERY_MS));
    }
  }

  /** Stamps count from `base` on; forgets what came before. */
  begin(base: number): void {
    this.#base = base;
    this.#total = [];
    this.#beyond = [];
  }

  ages(): Ages {
    return { totalMs: Float64Array.from(this.#total), beyondMs: Float64Array.from(this.#beyond) };
  }

  #ask(request: Request): void {
    this.#socket.send(encodeRequest(request, 'msgpack'));
  }

  #take(bytes: Uint8Array): void {
    const response = decodeResponse(bytes);
    if (response.kind === 'pong') {
      const now = monotonicMs();
      const trip = now - response.t;
      if (trip >= this.#shortest) return;
      this.#shortest = trip;
      this.#offset = response.now - (now + response.t) / 2;
      return;
    }
    if (response.kind !== 'snapshot' && response.kind !== 'delta') return;
    const change = this.#replica.apply(response);
    if (change === null || change.reset) return;
    this.#note(change.changed, response.t - this.#offset, monotonicMs());
  }

  /** `tickedAt`, `now`: on our clock. */
  #note(keys: ReadonlySet<string>, tickedAt: number, now: number): void {
    for (const key of keys) {
      const stamp = this.#replica.rows.get(key)?.value(STAMP_ID) ?? Number.NaN;
      const sentAt = this.#base + stamp;
      if (Number.isNaN(sentAt)) continue;
      // A report waits for its tick, but not longer than from one to the next: a tick that is late is the hub's.
      const wait = Math.min(this.#intervalMs, Math.max(0, tickedAt - sentAt));
      this.#total.push(now - sentAt);
      this.#beyond.push(now - sentAt - wait);
    }
  }
}

let dashboard: Dashboard | null = null;

answerQuestions({
  async open({ port, intervalMs }: { port: number; intervalMs: number }) {
    dashboard = new Dashboard(port, intervalMs);
    await dashboard.open();
  },
  begin: ({ base }: { base: number }) => dashboard?.begin(base),
  ages: () => dashboard?.ages(),
});
