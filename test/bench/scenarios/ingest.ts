import { sumOf } from '../hub-probe.js';
import { Load } from '../load.js';
import { binaryReports, type ReportKind, textReports } from '../reports.js';
import { ROUND_S, runIn, SHORT_ROUNDS, type Side, takeTurns } from '../rounds.js';
import { type Figure, figureOr, RefusedError, type Scenario, type ScenarioContext } from '../scenario.js';
import { HubServer, PeerServer } from '../servers.js';
import { ratioOf, spreadOf } from '../statistics.js';

/** 20 messages a second from each: far above what a listener sends, and within the hub's limit of 50. */
const SOCKETS = 500;
const PER_SECOND = 10_000;
/** Seconds of running in. */
const TURN_S = 2;

const COMMON = [
  ['text', 'full', 'text, as the SDK sends it (17 fields)'],
  ['binary', 'full', 'the same in MessagePack, against the text'],
] as const;
const CASES = {
  quick: COMMON,
  full: [
    ...COMMON,
    ['text', 'five', 'text, the five fields of the spec'],
    ['text', 'shuffled', "text, the SDK's fields in another order"],
  ],
} as const;

/** CPU that one `client_metrics` message costs the server, beside uWebSockets.js with a JSON.parse. */
export const ingest: Scenario = {
  id: 'ingest',
  title: 'Ingest: CPU per client_metrics message, one by one over 500 sockets, 10,000 a second',
  async run(context) {
    const hub = await HubServer.start();
    const bare = await PeerServer.start('bare uWS + JSON.parse', 'bare-uws');
    const load = new Load();
    try {
      await load.open({ group: 'hub', port: hub.port, path: '/api/v1/streams/bench/listen', count: SOCKETS });
      await load.open({ group: 'bare', port: bare.port, path: '/ingest', count: SOCKETS });
      await runIn(inTurns(hub, bare, load), (step) => context.progress(step));
      const lines = [];
      for (const [form, kind, name] of CASES[context.mode]) {
        lines.push(await figureOr(name, () => compare({ hub, bare, load, context, form, kind, name })));
      }
      return lines;
    } finally {
      await Promise.all([load.stop(), bare.stop(), hub.stop()]);
    }
  },
};

function inTurns(hub: HubServer, bare: PeerServer, load: Load): Side[] {
  const frames = textReports('full');
  return [
    { server: hub, group: 'hub' },
    { server: bare, group: 'bare' },
  ].map(({ server, group }) => ({
    server,
    work: async () => {
      const sent = await load.send({ group, frames, perSecond: PER_SECOND, seconds: TURN_S });
      return { items: sent.sent, sent: [sent] };
    },
  }));
}

interface Comparison {
  readonly hub: HubServer;
  readonly bare: PeerServer;
  readonly load: Load;
  readonly context: ScenarioContext;
  readonly form: 'text' | 'binary';
  readonly kind: ReportKind;
  readonly name: string;
}

async function compare({ hub, bare, load, context, form, kind, name }: Comparison): Promise<Figure> {
  const ours = form === 'text' ? textReports(kind) : binaryReports(kind);
  const before = { hub: await takenByHub(hub), bare: await takenByPeer(bare) };
  const sent = { hub: 0, bare: 0 };
  const work = (group: 'hub' | 'bare', frames: readonly Uint8Array[]) => async () => {
    const one = await load.send({ group, frames, perSecond: PER_SECOND, seconds: ROUND_S });
    sent[group] += one.sent;
    return { items: one.sent, sent: [one] };
  };
  const [costs, peers] = await takeTurns(
    [
      { server: hub, work: work('hub', ours) },
      { server: bare, work: work('bare', textReports(kind)) },
    ],
    {
      load,
      ...SHORT_ROUNDS[context.mode],
      progress: (step) => context.progress(`${name}: ${step}`),
    },
  );
  if (costs === undefined || peers === undefined) throw new Error('two sides have two costs');
  assertAll('hub', sent.hub, (await takenByHub(hub)) - before.hub);
  assertAll(bare.name, sent.bare, (await takenByPeer(bare)) - before.bare);
  return {
    name,
    unit: 'µs',
    hub: spreadOf(costs.us),
    peer: { name: bare.name, value: spreadOf(peers.us) },
    ratio: ratioOf(costs.us, peers.us),
    target: { max: 1, of: 'ratio' },
    notes: [...costs.notes, ...peers.notes],
  };
}

const takenByHub = (hub: HubServer) => sumOf(hub.port, 'hubs', 'reports');

async function takenByPeer(bare: PeerServer): Promise<number> {
  return (await bare.child.ask<{ messages: number }>('counts')).messages;
}

function assertAll(name: string, sent: number, taken: number): void {
  if (sent !== taken) throw new RefusedError(`${name} took ${taken} of ${sent} messages`);
}
