/** Peers that hold rows as objects: reports go in over uWebSockets.js, and rows come out in their own way. */
import { Writer } from '@auralis/shared';
import { type Fan, INTERVAL_MS, LAST_TICK_MS, LISTENERS, letReport } from './fans.js';
import { binaryFrame } from './load/frames.js';
import type { GroupCounts } from './load/group.js';
import { type Load, sleep } from './load.js';
import { RefusedError } from './scenario.js';
import { PeerServer } from './servers.js';

interface BoardSpec {
  readonly name: string;
  readonly module: string;
  readonly path: string;
  /** Messages of a dashboard once its socket is open. */
  readonly hello?: Uint8Array;
}

/** The first packet of a socket.io client, as its MessagePack parser writes it: CONNECT to the main namespace. */
function socketIoConnect(): Uint8Array {
  const writer = new Writer(32);
  writer.value({ type: 0, nsp: '/' });
  return binaryFrame(writer.copy());
}

export const BOARDS: readonly BoardSpec[] = [
  { name: 'ws, JSON of all rows', module: 'ws-json', path: '/' },
  {
    name: 'socket.io, MessagePack of all rows',
    module: 'socket-io',
    path: '/socket.io/?EIO=4&transport=websocket',
    hello: socketIoConnect(),
  },
  { name: '@colyseus/schema on uWS', module: 'colyseus', path: '/dashboard' },
];

export async function startBoardFan(load: Load, { name, module, path, hello }: BoardSpec): Promise<Fan> {
  const server = await PeerServer.start(name, module);
  const listeners = await openListeners(load, server);
  const dashboards = { group: name, port: server.port, path, ...(hello !== undefined && { hello }) };
  await load.open({ ...dashboards, count: 0 });
  let lost = 0;
  const fan: Fan = {
    name,
    server,
    bytes: 0,
    setDashboards: async (count) => {
      await load.resize({ ...dashboards, count });
      // Greetings are not deliveries.
      await sleep(LAST_TICK_MS);
    },
    async turn(seconds, pace = 'as the SDK') {
      await load.reset(name);
      const before = await server.child.ask<number>('sent');
      const sent = await letReport(load, listeners, seconds, pace);
      const due = (await server.child.ask<number>('sent')) - before;
      const { binary, text, binaryBytes, textBytes } = await settledCounts(load, name, due);
      const came = binary + text;
      lost += Math.abs(due - came);
      if (came > 0) fan.bytes = (binaryBytes + textBytes) / came;
      return { items: came, sent: [sent] };
    },
    async check() {
      if (lost > 0) throw new RefusedError(`${name}: ${lost} messages more or less came than were sent`);
    },
  };
  return fan;
}

/** Waits until so many messages have come: on a busy machine the last ones take their time. */
async function settledCounts(load: Load, group: string, due: number): Promise<GroupCounts> {
  let counts = await load.counts(group);
  for (let waited = 0; waited < 20 && counts.binary + counts.text < due; waited++) {
    await sleep(100);
    counts = await load.counts(group);
  }
  return counts;
}

/** Pages that poll as often as the others are told. */
export async function startPollFan(load: Load): Promise<Fan> {
  const name = 'node:http, JSON of all rows polled';
  const server = await PeerServer.start(name, 'http-poll');
  const listeners = await openListeners(load, server);
  let pollers = 0;
  let lost = 0;
  const fan: Fan = {
    name,
    server,
    bytes: 0,
    async setDashboards(count) {
      await load.setPollers(server.port, count);
      pollers = count;
    },
    async turn(seconds, pace = 'as the SDK') {
      const before = await server.child.ask<number>('sent');
      const polling = pollers > 0 ? load.poll(INTERVAL_MS, seconds) : { sent: 0, late: 0 };
      const [sent, polled] = await Promise.all([letReport(load, listeners, seconds, pace), polling]);
      lost += Math.abs((await server.child.ask<number>('sent')) - before - polled.sent);
      return { items: polled.sent, sent: [sent, polled] };
    },
    async check() {
      if (lost > 0) throw new RefusedError(`${name}: ${lost} answers more or less came than were sent`);
    },
  };
  return fan;
}

async function openListeners(load: Load, server: PeerServer): Promise<string> {
  const group = `${server.name}: listeners`;
  const port = await server.child.ask<number>('ingestPort');
  await load.open({ group, port, path: '/ingest', count: LISTENERS });
  return group;
}
