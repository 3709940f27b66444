import { fileURLToPath } from 'node:url';
import { readTable } from '../hub-probe.js';
import { Load, sleep } from '../load.js';
import { residentBytes } from '../os-account.js';
import { type Figure, figureOr, RefusedError, type Scenario, type ScenarioContext } from '../scenario.js';
import { HubServer, PeerServer, type Server } from '../servers.js';
import { spreadOf } from '../statistics.js';

const COUNTS = { quick: [1_000, 5_000], full: [1_000, 5_000, 15_000] } as const;
/**
 * From start to start a process ends up a megabyte higher or lower. Memory of V8's compiler is freed in the arenas of
 * its threads, and returns to the kernel or not; pages of the heap are half full. A thousand listeners share that, a
 * kilobyte each, so it takes more starts to tell what they cost.
 */
const roundsOf = (mode: ScenarioContext['mode'], count: number) =>
  mode === 'quick' ? (count > 1_000 ? 1 : 2) : count > 1_000 ? 3 : 15;
/** One address of this end has 28,000 ports, of which those of earlier runs may still be waiting. */
const ADDRESSES = 4;
const NODE_ARGS = ['--expose-gc', '--import', fileURLToPath(new URL('../preload/collect.js', import.meta.url))];
/** The first sockets pay for code that is compiled and pools that are made: they belong to the floor. */
const FLOOR_SOCKETS = 200;
/**
 * V8 lets its young generation grow to 32 MB with the first few thousand of anything that makes garbage, and keeps
 * it: that is the hub's, whoever comes first. So requests come first.
 */
const WARM_UP_REQUESTS = 3_000;
const AT_A_TIME = 20;
/** Tables and buffers have settled, and what was collected has gone back to the kernel. */
const SETTLE_MS = 1_500;
const KB = 1024;

/** Resident memory that each idle listener costs, beside an idle socket of uWebSockets.js. */
export const memory: Scenario = {
  id: 'memory',
  title: 'Memory: resident KB per idle listener, after a collection',
  async run(context) {
    const lines = [];
    for (const count of COUNTS[context.mode]) {
      const name = `${count.toLocaleString('en-GB')} listeners, above bare uWS`;
      lines.push(await figureOr(name, () => compare(context, name, count)));
    }
    return lines;
  },
};

async function compare({ mode, progress }: ScenarioContext, name: string, count: number): Promise<Figure> {
  const rounds = roundsOf(mode, count);
  const hubs: number[] = [];
  const bares: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    progress(`${name}: round ${round} of ${rounds}`);
    const hub = await HubServer.start(['--max-clients', '20000'], NODE_ARGS);
    hubs.push(await bytesPerSocket(hub, '/api/v1/streams/bench/listen', count));
    const bare = await PeerServer.start('bare uWS', 'bare-uws', NODE_ARGS);
    bares.push(await bytesPerSocket(bare, '/listen', count));
  }
  return {
    name,
    unit: 'KB',
    hub: spreadOf(hubs.map((bytes, round) => (bytes - (bares[round] as number)) / KB)),
    peer: { name: 'bare uWS, in all', value: spreadOf(bares.map((bytes) => bytes / KB)) },
    ratio: null,
    target: { max: 1.5, of: 'hub' },
    notes: [],
  };
}

/** Opens `count` sockets to a fresh server, and ends it. */
async function bytesPerSocket(server: Server, path: string, count: number): Promise<number> {
  const load = new Load();
  try {
    if (server instanceof HubServer) await warmUp(server.port);
    const sockets = { group: 'idle', port: server.port, path, addresses: ADDRESSES };
    await load.open({ ...sockets, count: FLOOR_SOCKETS });
    const floor = await settledBytes(server);
    await load.open({ ...sockets, count });
    const filled = await settledBytes(server);
    const { closed } = await load.counts('idle');
    if (closed > 0) throw new RefusedError(`${server.name} closed ${closed} of ${count} sockets`);
    if (server instanceof HubServer) await checkRows(server, count + FLOOR_SOCKETS);
    return (filled - floor) / count;
  } finally {
    await Promise.all([load.stop(), server.stop()]);
  }
}

async function warmUp(port: number): Promise<void> {
  const ask = async () => void (await (await fetch(`http://127.0.0.1:${port}/healthz`)).text());
  for (let asked = 0; asked < WARM_UP_REQUESTS; asked += AT_A_TIME)
    await Promise.all(Array.from({ length: AT_A_TIME }, ask));
}

async function checkRows(hub: HubServer, count: number): Promise<void> {
  const { rows } = await readTable(hub.port, 'connections', ['connected_at']);
  if (rows.size !== count) throw new RefusedError(`the hub has ${rows.size} rows for ${count} listeners`);
}

async function settledBytes(server: Server): Promise<number> {
  await sleep(SETTLE_MS);
  process.kill(server.pid, 'SIGUSR2');
  await sleep(SETTLE_MS);
  return residentBytes(server.pid);
}
