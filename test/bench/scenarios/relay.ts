import { SCHEMAS, Writer, writePublishedChunk } from '@auralis/shared';
import { readTable } from '../hub-probe.js';
import { binaryFrame } from '../load/frames.js';
import { Load, sleep } from '../load.js';
import { ROUND_S, runIn, SHORT_ROUNDS, type Side, takeTurns } from '../rounds.js';
import { type Figure, figureOr, type Refused, RefusedError, type Scenario, type ScenarioContext } from '../scenario.js';
import { HubServer, PeerServer } from '../servers.js';
import { ratioOf, spreadOf } from '../statistics.js';

/** As audio comes: a chunk each 100 ms. */
const CHUNKS_PER_SECOND = 10;
const CHUNK_MS = 100;
const KB = 1000;
/** A tenth of a second of 48 kHz, two channels of 16 bits; and about what is left of it compressed. */
const BYTES = [19_200, 2_000] as const;
const RUN_IN_TURN_S = 3;
/** The last chunks may still be in a socket when the engine stops. */
const ARRIVAL_MS = 2_000;

/** CPU that handing one chunk to one listener costs, beside a loop of `send` over the same number of sockets. */
export const relay: Scenario = {
  id: 'relay',
  title: 'Relay: CPU per chunk delivered, 10 chunks a second',
  async run(context) {
    const lines = [];
    for (const count of context.mode === 'quick' ? [500] : [500, 2_000]) {
      lines.push(...(await withListeners(context, count)));
    }
    return lines;
  },
};

/** Both servers, each with `count` listeners and an engine, who take chunks of either size. */
async function withListeners(context: ScenarioContext, count: number): Promise<(Figure | Refused)[]> {
  const hub = await HubServer.start();
  const bare = await PeerServer.start('bare uWS, loop of send', 'bare-uws');
  const load = new Load();
  try {
    const stream = '/api/v1/streams/bench';
    await load.open({ group: 'hub', port: hub.port, path: `${stream}/listen`, count, named: true });
    await load.open({ group: 'hub-engine', port: hub.port, path: `${stream}/publish`, count: 1 });
    await load.open({ group: 'bare', port: bare.port, path: '/listen', count });
    await load.open({ group: 'bare-engine', port: bare.port, path: '/publish', count: 1 });
    const sides = (bytes: number, seconds: number): Side[] => {
      const frames = [binaryFrame(chunkOf(bytes))];
      const work = (group: 'hub' | 'bare') => async () => {
        const sent = await load.send({ group: `${group}-engine`, frames, perSecond: CHUNKS_PER_SECOND, seconds });
        return { items: sent.sent * count, sent: [sent] };
      };
      return [
        { server: hub, work: work('hub') },
        { server: bare, work: work('bare') },
      ];
    };
    const to = `to ${count.toLocaleString('en-GB')} listeners`;
    await runIn(sides(BYTES[0], RUN_IN_TURN_S), (step) => context.progress(`${to}: ${step}`));
    const lines = [];
    for (const bytes of BYTES) {
      const name = `${bytes / KB} KB ${to}`;
      const turns = sides(bytes, ROUND_S);
      lines.push(await figureOr(name, () => compare({ name, hub, bare, load, context, turns })));
    }
    return lines;
  } finally {
    await Promise.all([load.stop(), bare.stop(), hub.stop()]);
  }
}

function chunkOf(bytes: number): Uint8Array {
  return writePublishedChunk(new Writer(bytes + 64), {
    durationMs: CHUNK_MS,
    payload: new Uint8Array(bytes).fill(7),
  });
}

interface Comparison {
  readonly name: string;
  readonly hub: HubServer;
  readonly bare: PeerServer;
  readonly load: Load;
  readonly context: ScenarioContext;
  readonly turns: readonly Side[];
}

async function compare({ name, hub, bare, load, context, turns }: Comparison): Promise<Figure> {
  const progress = (step: string) => context.progress(`${name}: ${step}`);
  const [ours, theirs] = await takeTurns(turns, { load, progress, ...SHORT_ROUNDS[context.mode] });
  if (ours === undefined || theirs === undefined) throw new Error('two sides have two costs');
  await sleep(ARRIVAL_MS);
  await checkHub(hub, load);
  await checkPeer(bare, load);
  return {
    name,
    unit: 'µs',
    hub: spreadOf(ours.us),
    peer: { name: bare.name, value: spreadOf(theirs.us) },
    ratio: ratioOf(ours.us, theirs.us),
    target: { max: 1.15, of: 'ratio' },
    notes: [...ours.notes, ...theirs.notes, EXACT],
  };
}

const EXACT = "each listener received exactly the chunks that the hub's row of it says were sent";

/** Row by row: what the hub says it sent to a listener is what that listener received, and nothing was dropped. */
async function checkHub(hub: HubServer, load: Load): Promise<void> {
  const { bySocket, closed } = await load.counts('hub');
  if (closed > 0) throw new RefusedError(`the hub lost ${closed} listeners`);
  const { index, columns } = SCHEMAS.connections;
  const rows = await readTable(hub.port, 'connections', ['chunks_sent', 'chunks_dropped']);
  const sentId = columns[index.chunks_sent]?.id as number;
  const droppedId = columns[index.chunks_dropped]?.id as number;
  let matched = 0;
  for (const row of rows.rows.values()) {
    const client = row.attributes[1] ?? '';
    const received = bySocket[Number(client.split('-').at(-1))];
    const sent = row.value(sentId);
    const dropped = row.value(droppedId) ?? 0;
    if (dropped > 0) throw new RefusedError(`the hub dropped ${dropped} chunks for ${client}`);
    if (sent !== received) throw new RefusedError(`the hub says ${sent} to ${client}, which received ${received}`);
    matched++;
  }
  if (matched !== bySocket.length) throw new RefusedError(`the hub has rows of ${matched} of ${bySocket.length}`);
}

async function checkPeer(bare: PeerServer, load: Load): Promise<void> {
  const { binary } = await load.counts('bare');
  const counts = await bare.child.ask<{ sent: number; dropped: number }>('counts');
  if (counts.dropped > 0) throw new RefusedError(`${bare.name} dropped ${counts.dropped}`);
  if (counts.sent !== binary) throw new RefusedError(`${bare.name} sent ${counts.sent}, ${binary} came`);
}
