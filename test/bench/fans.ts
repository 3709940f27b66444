/** The hub and bare uWebSockets.js as ways of bringing rows to dashboards. */
import { encodeRequest, OP, SCHEMAS, SUBPROTOCOLS } from '@auralis/shared';
import { sumOf } from './hub-probe.js';
import { binaryFrame } from './load/frames.js';
import type { Sent } from './load/pacer.js';
import { type Load, sleep } from './load.js';
import { textReports } from './reports.js';
import { RefusedError } from './scenario.js';
import { HubServer, PeerServer, type Server } from './servers.js';

/** Listeners whose rows the dashboards show. */
export const LISTENERS = 100;
/** Each reports every 2 s, as the SDK does. */
const REPORTS_PER_SECOND = LISTENERS / 2;
/** Before anything is measured, so that a server's code is compiled as it is after hours. */
const WARM_UP_PER_SECOND = LISTENERS * 5;
/** Channels that tick in the meantime as fast as the hub lets them, for the same reason. */
const WARM_UP_CHANNELS = 20;
/** How often dashboards are told. */
export const INTERVAL_MS = 250;
/** After the last report: its tick, and the way to the dashboards. */
export const LAST_TICK_MS = INTERVAL_MS + 100;

export type Pace = 'as the SDK' | 'warm up';

export interface Turn {
  /** Deliveries: what the dashboards received. */
  readonly items: number;
  readonly sent: readonly Sent[];
}

/** A way of bringing rows to dashboards. */
export interface Fan {
  readonly name: string;
  readonly server: Server;
  /** Mean size of a delivery in the last turn that had any. */
  bytes: number;
  /** Opens dashboards, or closes the newest ones, until there are so many. */
  setDashboards(count: number): Promise<void>;
  /** Listeners report for so long, and dashboards are told. */
  turn(seconds: number, pace?: Pace): Promise<Turn>;
  /** @throws RefusedError where something was lost */
  check(): Promise<void>;
}

const REPORTS = textReports('full');

/** Lets the listeners of a fan report, and waits until the last report must have reached the dashboards. */
export async function letReport(load: Load, group: string, seconds: number, pace: Pace): Promise<Sent> {
  const perSecond = pace === 'warm up' ? WARM_UP_PER_SECOND : REPORTS_PER_SECOND;
  const sent = await load.send({ group, frames: REPORTS, perSecond, seconds });
  await sleep(LAST_TICK_MS);
  return sent;
}

/** The hub; its dashboards acknowledge, as its own client does, or do not. */
export async function startHubFan(load: Load, acks: boolean): Promise<Fan> {
  const server = await HubServer.start();
  const { port } = server;
  const name = acks ? 'hub, acknowledged' : 'hub';
  const listeners = `${name}: listeners`;
  await load.open({ group: listeners, port, path: '/api/v1/streams/bench/listen', count: LISTENERS });
  const options = acks ? { ack: true } : {};
  const subscribe = { kind: 'subscribe', sub: 1, topic: 'connections', intervalMs: INTERVAL_MS, options } as const;
  const dashboards = {
    group: name,
    port,
    path: '/api/v1/live',
    protocol: SUBPROTOCOLS.msgpack,
    hello: binaryFrame(encodeRequest(subscribe, 'msgpack') as Uint8Array),
    live: { acks },
  };
  await load.open({ ...dashboards, count: 0 });
  const hurried = `${name}: hurried`;
  let reports = 0;
  const fan: Fan = {
    name,
    server,
    bytes: 0,
    setDashboards: (count) => load.resize({ ...dashboards, count }),
    async turn(seconds, pace = 'as the SDK') {
      await load.reset(name);
      if (pace === 'warm up') await openHurried(load, hurried, port);
      const sent = await letReport(load, listeners, seconds, pace);
      if (pace === 'warm up') await load.close(hurried);
      reports += sent.sent;
      const { kinds, kindBytes } = await load.counts(name);
      const deltas = kinds[OP.DELTA] as number;
      if (deltas > 0) fan.bytes = (kindBytes[OP.DELTA] as number) / deltas;
      return { items: deltas, sent: [sent] };
    },
    async check() {
      const { gaps, closed } = await load.counts(name);
      if (gaps > 0) throw new RefusedError(`${gaps} frames of the hub were lost or skipped`);
      if (closed > 0) throw new RefusedError(`the hub closed ${closed} dashboards`);
      const taken = await sumOf(port, 'hubs', 'reports');
      if (taken !== reports) throw new RefusedError(`the hub took ${taken} of ${reports} reports`);
    },
  };
  return fan;
}

/** Dashboards at 100 ms, each with columns of its own and so with a channel of its own. */
async function openHurried(load: Load, group: string, port: number): Promise<void> {
  const names = SCHEMAS.connections.columns.map(({ name }) => name);
  for (let at = 0; at < WARM_UP_CHANNELS; at++) {
    const options = { columns: names.filter((_, index) => index !== at) };
    const subscribe = { kind: 'subscribe', sub: 1, topic: 'connections', intervalMs: 100, options } as const;
    const hello = binaryFrame(encodeRequest(subscribe, 'msgpack') as Uint8Array);
    const protocol = SUBPROTOCOLS.msgpack;
    await load.open({ group, port, path: '/api/v1/live', protocol, hello, live: { acks: false }, count: 1 });
  }
}

/** A loop of `send`: as many bytes as `like` delivered, as often, and nothing taken in. */
export async function startBareFan(load: Load, like: Fan): Promise<Fan> {
  const server = await PeerServer.start('bare uWS, the same bytes', 'bare-uws');
  const { port, name } = server;
  const dashboards = { group: name, port, path: '/dashboard' };
  await load.open({ ...dashboards, count: 0 });
  const fan: Fan = {
    name,
    server,
    bytes: 0,
    setDashboards: (count) => load.resize({ ...dashboards, count }),
    async turn(seconds) {
      const before = (await load.counts(name)).binary;
      fan.bytes = Math.round(like.bytes);
      await server.child.ask('fan', { bytes: fan.bytes, everyMs: INTERVAL_MS });
      await sleep(seconds * 1000);
      await server.child.ask('fan', { bytes: 0, everyMs: 0 });
      await sleep(LAST_TICK_MS);
      return { items: (await load.counts(name)).binary - before, sent: [] };
    },
    async check() {
      const { sent, dropped } = await server.child.ask<{ sent: number; dropped: number }>('counts');
      const { binary } = await load.counts(name);
      if (sent !== binary || dropped > 0) throw new RefusedError(`${name} sent ${sent}, ${binary} came`);
    },
  };
  return fan;
}
