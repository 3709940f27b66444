import {
  COLUMNS,
  decodeResponse,
  type Frame,
  OP,
  Replica,
  SCHEMAS,
  Writer,
  writePublishedChunk,
} from '@auralis/shared';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { headerLength } from '../bench/load/frames.js';
import { LiveReader } from '../bench/load/live-frames.js';
import { HubProcess } from '../harness/hub.js';
import { LiveSocket, TestSocket } from '../harness/socket.js';

const LISTENERS = 300;
const STALLING = 200;
const READING = 20;
/** The stalling dashboards that never read again. */
const LOST = 5;
const STALL_MS = 60_000;
/**
 * Pairs of rounds: one while the others have not subscribed, one while they stall, which must cost nothing. A round
 * in which they read would give hub and test less to do, and hide much.
 */
const ROUND_MS = 8_000;
/** A dashboard that acknowledges nothing for 2 s is skipped. */
const BEHIND_MS = 3_000;
const CATCH_UP_MS = 5_000;
const PAIRS = 4;
/** Change of p99 from round to round on a machine that does other work, too. */
const NOISE_MS = 20;
const STALLED_CLOSE_MS = 120_000;
/** Memory that 200 sockets may hold: 64 KiB each, and garbage that is not collected yet. */
const MAX_GROWTH_BYTES = STALLING * 64 * 1024 + 16 * 1024 * 1024;

const COLUMN_NAMES = ['chunks_sent', 'bytes_sent', 'backlog_bytes', 'latency_ms'] as const;
const CHUNKS_SENT = SCHEMAS.connections.columns[SCHEMAS.connections.index.chunks_sent]?.id as number;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A dashboard that acknowledges every frame as it comes. */
abstract class Dashboard {
  readonly live: LiveSocket;
  readonly replica = new Replica(COLUMNS);
  /** Kinds of the messages that came since `mark`. */
  seen: string[] = [];
  gaps = 0;

  constructor(live: LiveSocket) {
    this.live = live;
  }

  async open(): Promise<this> {
    const { live } = this;
    await live.nextResponse('welcome');
    live.ws.removeAllListeners('message');
    live.ws.on('message', (data: Buffer) => this.receive(data));
    this.subscribe();
    return this;
  }

  subscribe(): void {
    const options = { ack: true, columns: COLUMN_NAMES };
    this.live.request({ kind: 'subscribe', sub: 1, topic: 'connections', intervalMs: 250, options });
  }

  unsubscribe(): void {
    this.live.request({ kind: 'unsubscribe', sub: 1 });
  }

  mark(): void {
    this.seen = [];
  }

  protected abstract receive(data: Buffer): void;

  protected apply(frame: Frame): void {
    if (this.replica.apply(frame) === null) this.gaps++;
  }
}

class ReadingDashboard extends Dashboard {
  /** Age of each frame on arrival, ms: both processes read the same clock. */
  ages: number[] = [];

  override mark(): void {
    super.mark();
    this.ages = [];
  }

  protected receive(data: Buffer): void {
    const response = decodeResponse(new Uint8Array(data));
    this.seen.push(response.kind);
    if (response.kind !== 'snapshot' && response.kind !== 'delta') return;
    this.ages.push(performance.timeOrigin + performance.now() - response.t);
    this.apply(response);
    const { channel, source, seq } = response;
    this.live.request({ kind: 'ack', channel, source, seq });
  }
}

const KINDS = new Map<number, string>([
  [OP.SNAPSHOT, 'snapshot'],
  [OP.DELTA, 'delta'],
  [OP.BEHIND, 'behind'],
]);

/**
 * One of the 200. It reads only the heads of its frames, and keeps those since a SNAPSHOT until `settle`. Applying
 * them all would slow this process by 100 ms, and hide a hub that is slower while they do not read.
 */
class StallingDashboard extends Dashboard {
  readonly #reader = new LiveReader();
  #waiting: Buffer[] = [];

  override mark(): void {
    super.mark();
    this.#waiting = [];
  }

  settle(): void {
    for (const data of this.#waiting) this.apply(decodeResponse(new Uint8Array(data)) as Frame);
    this.#waiting = [];
  }

  protected receive(data: Buffer): void {
    const kind = KINDS.get(data[1] as number) ?? 'other';
    this.seen.push(kind);
    if (!this.#reader.follows(data) && kind === 'delta') this.gaps++;
    if (kind === 'snapshot' || (kind === 'delta' && this.#waiting.length > 0)) this.#waiting.push(Buffer.from(data));
    // A whole frame of WebSocket under a mask of 0: its payload is the message.
    const frame = this.#reader.ack(data);
    if (frame !== null) this.live.ws.send(frame.subarray(headerLength(0)));
  }
}

function p99(dashboards: readonly ReadingDashboard[]): number {
  const ages = dashboards.flatMap((dashboard) => dashboard.ages).sort((a, b) => a - b);
  return ages[Math.floor(ages.length * 0.99)] ?? Number.NaN;
}

describe('200 dashboards stop reading at once', () => {
  let hub: HubProcess;
  let engine: TestSocket;
  let timer: NodeJS.Timeout;
  let listeners: TestSocket[] = [];
  let stalling: StallingDashboard[] = [];
  let reading: ReadingDashboard[] = [];
  let stalledAt = 0;

  beforeAll(async () => {
    hub = await HubProcess.start();
    engine = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/publish`);
    const listen = () => TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/listen`);
    listeners = await Promise.all(Array.from({ length: LISTENERS }, listen));
    const chunk = writePublishedChunk(new Writer(), { durationMs: 100, payload: new Uint8Array(100) });
    timer = setInterval(() => {
      engine.send(chunk);
      for (const listener of listeners) listener.received.length = 0;
    }, 100);
    const live = () => new LiveSocket(hub.wsUrl);
    stalling = await Promise.all(Array.from({ length: STALLING }, () => new StallingDashboard(live()).open()));
    reading = await Promise.all(Array.from({ length: READING }, () => new ReadingDashboard(live()).open()));
    await sleep(20_000);
  }, 120_000);

  afterAll(async () => {
    clearInterval(timer);
    for (const { live } of [...stalling, ...reading]) live.ws.terminate();
    for (const listener of [engine, ...listeners]) listener.ws.terminate();
    await hub.stop();
  });

  /** p99 of those that read, over a while. */
  async function round(ms: number): Promise<number> {
    for (const dashboard of [...stalling, ...reading]) dashboard.mark();
    await sleep(ms);
    return p99(reading);
  }

  test('p99 of the others is what it is without the 200, but for noise', async () => {
    const absent: number[] = [];
    const stalled: number[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      for (const dashboard of stalling) dashboard.unsubscribe();
      await sleep(BEHIND_MS);
      absent.push(await round(ROUND_MS));
      for (const dashboard of stalling) dashboard.subscribe();
      await sleep(BEHIND_MS);
      for (const { live } of stalling) live.ws.pause();
      await sleep(BEHIND_MS);
      stalled.push(await round(ROUND_MS));
      for (const { live } of stalling) live.ws.resume();
      await sleep(CATCH_UP_MS);
    }
    const listed = (p99s: readonly number[]) => p99s.map((ms) => ms.toFixed(1)).join(', ');
    process.stdout.write(
      `p99 age of a frame, ms: ${listed(absent)} without, ${listed(stalled)} beside 200 that stall\n`,
    );
    // p99 of some thirty ticks is the worst of them, which anything else on the machine can be: what the 200 cost
    // shows in all pairs but one at least.
    const differences = stalled.map((ms, pair) => ms - (absent[pair] as number)).sort((x, y) => x - y);
    const moved = differences[1];
    expect(moved).toBeLessThan(Math.max(NOISE_MS, Math.max(...absent) - Math.min(...absent)));
    for (const { gaps } of reading) expect(gaps).toBe(0);
  }, 180_000);

  test('the others go on as before for 60 s, and the hub’s memory stays in its budget', async () => {
    const before = { p99: await round(ROUND_MS), rss: hub.rss };
    for (const dashboard of [...stalling, ...reading]) dashboard.mark();
    for (const { live } of stalling) live.ws.pause();
    stalledAt = performance.now();
    await sleep(STALL_MS);
    const during = { p99: p99(reading), rss: hub.rss };
    process.stdout.write(
      `p99 age of a frame: ${before.p99.toFixed(1)} ms before, ${during.p99.toFixed(1)} ms during\n`,
    );
    expect(during.rss - before.rss).toBeLessThan(MAX_GROWTH_BYTES);
    // Wide of all noise: the pairs above say more, and what is looked for here is a hub that waits for its slow
    // readers, which is seconds.
    expect(during.p99).toBeLessThan(before.p99 * 3 + 50);
    for (const { seen, gaps } of reading) {
      expect(gaps).toBe(0);
      expect(seen.filter((kind) => kind !== 'delta')).toEqual([]);
    }
  }, 120_000);

  test('each of them is right again after one snapshot', async () => {
    for (const { live } of stalling.slice(LOST)) live.ws.resume();
    await sleep(5_000);
    clearInterval(timer);
    await sleep(3_000);
    const rows = new Map<string, number>();
    const page = await hub.get<{ items: { id: string; chunks_sent: number }[] }>('/api/v1/connections?limit=1000');
    for (const row of page.items) rows.set(row.id, row.chunks_sent);
    expect(rows.size).toBe(LISTENERS);
    for (const dashboard of stalling.slice(LOST)) dashboard.settle();
    for (const { replica, seen, gaps } of [...stalling.slice(LOST), ...reading]) {
      expect(gaps).toBe(0);
      expect(new Map([...replica.rows].map(([key, row]) => [key, row.value(CHUNKS_SENT)]))).toEqual(rows);
      if (seen.includes('snapshot')) expect(seen.indexOf('behind')).toBeLessThan(seen.indexOf('snapshot'));
    }
    for (const { seen } of stalling.slice(LOST)) expect(seen.filter((kind) => kind === 'snapshot')).toHaveLength(1);
  }, 60_000);

  test('one that makes no progress for 120 s is closed and counted', async () => {
    await sleep(Math.max(0, STALLED_CLOSE_MS + 15_000 - (performance.now() - stalledAt)));
    const live = new LiveSocket(hub.wsUrl, 'json');
    const { welcome } = await live.nextResponse('welcome');
    const columns = ['dashboards', 'stalled_closed'];
    live.request({ kind: 'subscribe', sub: 1, topic: 'hubs', intervalMs: 100, options: { columns } });
    const { columns: cells } = await live.nextResponse('snapshot');
    await live.close();
    const names = new Map(welcome.catalogue.map((column) => [column.id, column.name]));
    const row = Object.fromEntries(cells.map(({ id, values }) => [names.get(id), values[0]]));
    // The engine, too: it has finished no message for a minute.
    expect(row.stalled_closed).toBe(LOST + 1);
    expect(row.dashboards).toBeLessThanOrEqual(STALLING - LOST + READING + 1);
  }, 180_000);
});
