import { EngineRoom } from '@auralis/server/engine/room';
import { ListenerMessages } from '@auralis/server/ingest/listener-message';
import { FanOut } from '@auralis/server/relay/fan-out';
import { listenRoute } from '@auralis/server/relay/listen-route';
import { publishRoute } from '@auralis/server/relay/publish-route';
import { Relay } from '@auralis/server/relay/relay';
import { Sweep } from '@auralis/server/relay/sweep';
import { HubCounters } from '@auralis/server/state/counters';
import { EngineTotals } from '@auralis/server/state/engine-totals';
import { CONNECTION, createTables, HUB } from '@auralis/server/state/tables';
import { toTheEnd } from '@auralis/server/time/time-slicer';
import type { Peer, SendStatus, SocketHandler, SocketRoute } from '@auralis/server/transport/transport';
import { readChunk, Writer, writePublishedChunk } from '@auralis/shared';
import { beforeEach } from '@jest/globals';

/** A relay in small, on a clock of its own, anew for each test that imports it. */

/** A peer that notes what it is given; its socket is as full as the test says. */
class FakePeer implements Peer {
  readonly sent: (Uint8Array | string)[] = [];
  readonly pings: Uint8Array[] = [];
  status: SendStatus = 1;
  waiting = 0;
  closedWith: number | null = null;

  send(message: Uint8Array | string): SendStatus {
    if (this.status !== 2) this.sent.push(typeof message === 'string' ? message : message.slice());
    return this.status;
  }
  backlog = () => this.waiting;
  get isClosing(): boolean {
    return this.closedWith !== null;
  }
  ping = (payload = new Uint8Array()) => void this.pings.push(payload.slice());
  close(code: number): void {
    this.closedWith = code;
  }
  cork = (batch: () => void) => batch();

  get seqs(): number[] {
    return this.sent.flatMap((message) => (typeof message === 'string' ? [] : [readChunk(message)?.seq ?? -1]));
  }
}

export let tables: ReturnType<typeof createTables>;
export let relay: Relay;
export let sweep: { run(now: number): void; steps: Sweep['steps'] };
/** Ends the turn of the event loop. */
export let endTurn: () => void;
let routes: Record<'listen' | 'publish', SocketRoute>;
/** The hub's clock, which moves when a test says so. */
export const clock = { now: 0 };

/** How long the loop was blocked lately. */
export const stall = { ms: 0 };
/** Errors of sweeps. */
export const errors: unknown[] = [];

export const MAX_CLIENTS = 1000;

/** A relay with all that it needs, on the clock given. */
export function makeRelay(time: { readonly now: number }, maxSharePercent = 100) {
  const made = createTables(MAX_CLIENTS);
  const counters = new HubCounters(made.hubs, 'hub', [], time.now);
  const limits = {
    maxMessagesPerSecond: 50,
    maxFloodPerSecond: 500,
    maxRefusalsPerMinute: 60,
    maxOutstandingMs: 2000,
    reportIntervalMs: 2000,
  };
  const turns: (() => void)[] = [];
  const fanOut = new FanOut((callback) => turns.push(callback));
  const madeRelay = new Relay(made, counters, { maxClients: MAX_CLIENTS, maxSharePercent, ...limits }, fanOut);
  const engines = new EngineRoom(made, counters, new EngineTotals(), (...asked) => madeRelay.keep(...asked));
  const messages = new ListenerMessages();
  const context = {
    relay: madeRelay,
    counters,
    engines,
    messages,
    now: () => time.now,
    isDraining: () => false,
    stalledMs: () => stall.ms,
  };
  return {
    tables: made,
    relay: madeRelay,
    /** Ends the turn of the event loop, and all turns that this one asks for. */
    endTurn: () => {
      while (turns.length > 0) turns.shift()?.();
    },
    sweep: sweepAtOnce(new Sweep(madeRelay, made, counters, (error) => errors.push(error))),
    routes: { listen: listenRoute({ ...context, tables: made }), publish: publishRoute(context) },
  };
}

beforeEach(() => {
  clock.now = 1_000_000;
  errors.length = 0;
  stall.ms = 0;
  ({ tables, relay, sweep, routes, endTurn } = makeRelay(clock));
});

/** Upgrades a connection of a stream, and returns what is to be told of it. */
export function upgrade(
  route: SocketRoute,
  kind: 'listen' | 'publish',
  query = '',
  stream = 'main',
  remoteAddress = '',
  token?: string,
): SocketHandler {
  const answer = route.upgrade({
    path: `/api/v1/streams/${stream}/${kind}`,
    query: new URLSearchParams(query),
    headers: new Map(),
    remoteAddress,
    ...(token !== undefined && { token }),
  });
  if ('refuse' in answer) throw new Error(answer.message);
  return answer.accept;
}

export function connect(
  kind: 'listen' | 'publish',
  query = '',
  stream = 'main',
  address = '',
  token?: string,
): { peer: FakePeer; handler: SocketHandler; route: SocketRoute } {
  const route = routes[kind];
  const handler = upgrade(route, kind, query, stream, address, token);
  const peer = new FakePeer();
  handler.onOpen(peer);
  return { peer, handler, route };
}

/** Publish `count` chunks of `durationMs`, one each `stepMs`; `each` runs after every one. */
export function publish(
  engine: ReturnType<typeof connect>,
  count: number,
  each?: () => void,
  stepMs = 100,
  durationMs = 100,
): void {
  for (let chunk = 0; chunk < count; chunk++) {
    clock.now += stepMs;
    publishAtOnce(engine, 1, durationMs);
    endTurn();
    each?.();
  }
}

/** Publish `count` chunks in one turn of the event loop. */
export function publishAtOnce({ peer, handler }: ReturnType<typeof connect>, count: number, durationMs = 100): void {
  const message = writePublishedChunk(new Writer(), { durationMs, payload: new Uint8Array(50) }).slice();
  for (let chunk = 0; chunk < count; chunk++) handler.onMessage(peer, message, true);
}

export const report = ({ peer, handler }: ReturnType<typeof connect>, metrics: object) =>
  handler.onMessage(peer, Buffer.from(JSON.stringify({ type: 'client_metrics', metrics })), false);

export const row = (slot: number, ...columns: (keyof typeof CONNECTION)[]) =>
  columns.map((column) => tables.connections.get(slot, CONNECTION[column]));
export const hub = (column: keyof typeof HUB) => tables.hubs.get(tables.hubs.slotOf('hub') as number, HUB[column]);

/** A sweep that can do all of its steps at once. */
const sweepAtOnce = (made: Sweep) => ({
  run: (now: number) => toTheEnd(made.steps(now)),
  steps: (now: number) => made.steps(now),
});
