/** One server with everything that a hub has to do at once: chunks out, reports in, dashboards. */
import { encodeRequest, OP, SUBPROTOCOLS, Writer, writePublishedChunk } from '@auralis/shared';
import { sumOf } from './hub-probe.js';
import { binaryFrame } from './load/frames.js';
import type { Sent } from './load/pacer.js';
import { type Load, sleep } from './load.js';
import { RefusedError } from './scenario.js';
import { HubServer, PeerServer, type Server } from './servers.js';

const CHUNKS_PER_SECOND = 10;
const CHUNK_MS = 1000 / CHUNKS_PER_SECOND;
/** Each listener reports every 2 s, as the SDK does. */
const REPORTS_PER_SECOND_EACH = 0.5;
const DASHBOARDS = 5;
const ROWS = 50;
const INTERVAL_MS = 250;
/** The last message is received within this time. */
const ARRIVAL_MS = 400;

/** How much there is to do. */
export interface JobSize {
  readonly listeners: number;
  readonly chunkBytes: number;
}

/** A server at work. */
export interface Job {
  readonly server: Server;
  /** Do everything for so long; what was sent, for a look at the load. */
  work(seconds: number): Promise<readonly Sent[]>;
  /** @throws RefusedError if a chunk, report or frame is unaccounted for */
  check(): Promise<void>;
  /** Bytes of a dashboard's delivery, on average in the last `work`. */
  readonly deliveryBytes: number;
}

/** The hub at work. `bin`: of which checkout; this one if left out. */
export async function startHubJob(load: Load, name: string, size: JobSize, bin?: string): Promise<Job> {
  const server = await HubServer.start([], [], bin);
  const { port } = server;
  const stream = '/api/v1/streams/bench';
  const engine = { group: `${name}: engine`, port, path: `${stream}/publish`, count: 1 };
  const listeners = { group: `${name}: listeners`, port, path: `${stream}/listen`, count: size.listeners };
  const view = { sort: 'latency_ms', desc: true, limit: ROWS };
  const subscribe = { kind: 'subscribe', sub: 1, topic: 'connections/bench', intervalMs: INTERVAL_MS } as const;
  const hello = binaryFrame(encodeRequest({ ...subscribe, options: { view, ack: true } }, 'msgpack') as Uint8Array);
  const live = { path: '/api/v1/live', protocol: SUBPROTOCOLS.msgpack, hello, live: { acks: true } };
  const dashboards = { group: `${name}: dashboards`, port, ...live, count: DASHBOARDS };
  for (const group of [engine, listeners, dashboards]) await load.open(group);
  const totals = { chunks: 0, reports: 0 };
  let deliveryBytes = 0;
  return {
    server,
    get deliveryBytes() {
      return deliveryBytes;
    },
    async work(seconds) {
      await load.reset(dashboards.group);
      const sent = await workOf(load, engine.group, listeners.group, size, seconds);
      await sleep(ARRIVAL_MS);
      totals.chunks += sent[0].sent;
      totals.reports += sent[1].sent;
      const { kinds, kindBytes } = await load.counts(dashboards.group);
      deliveryBytes = (kindBytes[OP.DELTA] as number) / Math.max(1, kinds[OP.DELTA] as number);
      return sent;
    },
    async check() {
      const { binary, closed } = await load.counts(listeners.group);
      const { gaps } = await load.counts(dashboards.group);
      if (closed > 0) throw new RefusedError(`${name} lost ${closed} listeners`);
      if (binary !== totals.chunks * size.listeners)
        throw new RefusedError(`${name}: ${binary} chunks came of ${totals.chunks * size.listeners}`);
      if (gaps > 0) throw new RefusedError(`${name}: ${gaps} frames were lost or skipped`);
      const reports = await sumOf(port, 'hubs', 'reports');
      if (reports !== totals.reports) throw new RefusedError(`${name} took ${reports} of ${totals.reports} reports`);
    },
  };
}

/** Bare uWebSockets.js, which sends the same bytes as `like` did last, and parses the same texts. */
export async function startBareJob(load: Load, size: JobSize, like: Job): Promise<Job> {
  const server = await PeerServer.start('bare uWS: the same bytes and texts', 'bare-uws');
  const { port } = server;
  const engine = { group: 'bare: engine', port, path: '/publish', count: 1 };
  const listeners = { group: 'bare: listeners', port, path: '/listen', count: size.listeners };
  const dashboards = { group: 'bare: dashboards', port, path: '/dashboard', count: DASHBOARDS };
  for (const group of [engine, listeners, dashboards]) await load.open(group);
  let reports = 0;
  return {
    server,
    deliveryBytes: 0,
    async work(seconds) {
      await server.child.ask('fan', { bytes: Math.max(1, Math.round(like.deliveryBytes)), everyMs: INTERVAL_MS });
      const sent = await workOf(load, engine.group, listeners.group, size, seconds);
      await server.child.ask('fan', { bytes: 0, everyMs: 0 });
      await sleep(ARRIVAL_MS);
      reports += sent[1].sent;
      return sent;
    },
    async check() {
      const counts = await server.child.ask<{ sent: number; dropped: number; values: number }>('counts');
      const came = (await load.counts(listeners.group)).binary + (await load.counts(dashboards.group)).binary;
      if (counts.dropped > 0 || counts.sent !== came)
        throw new RefusedError(`bare sent ${counts.sent} and dropped ${counts.dropped}, ${came} came`);
      if (counts.values !== reports) throw new RefusedError(`bare parsed ${counts.values} of ${reports} reports`);
    },
  };
}

async function workOf(
  load: Load,
  engine: string,
  listeners: string,
  { listeners: count, chunkBytes }: JobSize,
  seconds: number,
): Promise<readonly [Sent, Sent]> {
  const payload = new Uint8Array(chunkBytes).fill(7);
  const chunk = writePublishedChunk(new Writer(chunkBytes + 64), { durationMs: CHUNK_MS, payload });
  return Promise.all([
    load.send({ group: engine, frames: [binaryFrame(chunk)], perSecond: CHUNKS_PER_SECOND, seconds }),
    load.sendConfirming({ group: listeners, perSecond: count * REPORTS_PER_SECOND_EACH, seconds }),
  ]);
}
