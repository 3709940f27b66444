import { Live } from '@auralis/server/live/live';
import { HubCounters } from '@auralis/server/state/counters';
import { CONNECTION, createTables, HUB } from '@auralis/server/state/tables';
import { Clock } from '@auralis/server/time/clock';
import { TimeSlicer } from '@auralis/server/time/time-slicer';
import type { Peer, SendStatus, SocketHandler } from '@auralis/server/transport/transport';
import {
  COLUMNS,
  decodeResponse,
  encodeRequest,
  type LiveForm,
  Replica,
  type Request,
  type Response,
  SUBPROTOCOLS,
  type SubscribeOptions,
} from '@auralis/shared';
import { beforeEach, expect } from '@jest/globals';

/** The live protocol in small, on a clock of its own, anew for each test that imports it. */

/** A dashboard whose socket is as full as the test says, and that acknowledges only when told to. */
export class Dashboard implements Peer {
  readonly responses: Response[] = [];
  /** Messages that it was given. */
  readonly wires: (Uint8Array | string)[] = [];
  readonly replica = new Replica(COLUMNS);
  status: SendStatus = 1;
  waiting = 0;
  closedWith: number | null = null;
  pings = 0;
  handler!: SocketHandler;
  readonly form: LiveForm;

  constructor(form: LiveForm = 'msgpack') {
    this.form = form;
  }

  send(message: Uint8Array | string): SendStatus {
    if (this.status === 2) return 2;
    this.wires.push(message);
    const response = decodeResponse(typeof message === 'string' ? message : message.slice());
    this.responses.push(response);
    if (response.kind === 'snapshot' || response.kind === 'delta') expect(this.replica.apply(response)).not.toBeNull();
    return this.status === 1 && this.waiting > 0 ? 0 : this.status;
  }
  backlog = () => this.waiting;
  get isClosing(): boolean {
    return this.closedWith !== null;
  }
  ping = () => void this.pings++;
  close(code: number): void {
    this.closedWith = code;
  }
  cork = (batch: () => void) => batch();

  request(request: Request): void {
    const wire = encodeRequest(request, this.form);
    this.handler.onMessage(this, typeof wire === 'string' ? Buffer.from(wire) : wire, typeof wire !== 'string');
  }

  subscribe(options: SubscribeOptions = {}, intervalMs = 100, topic = 'connections', sub = 1): void {
    this.request({ kind: 'subscribe', sub, topic, intervalMs, options });
  }

  /** Acknowledges everything received. */
  acknowledge(): void {
    const subscribed = this.of('subscribed').at(-1);
    this.request({ kind: 'ack', channel: subscribed?.channel ?? 0, source: 'hub@1', seq: this.replica.seq });
  }

  of<Kind extends Response['kind']>(kind: Kind): Extract<Response, { kind: Kind }>[] {
    return this.responses.filter((response): response is Extract<Response, { kind: Kind }> => response.kind === kind);
  }

  kinds(): string {
    return this.responses.map((response) => response.kind[0]).join('');
  }
}

/** The hub's clock, which moves when a test says so. */
export const clock = { now: 0 };
export let tables: ReturnType<typeof createTables>;
export let live: Live;
let counters: HubCounters;
/** Errors of ticks. */
export let errors: unknown[];
/** The one row of `connections`, `c`. */
export let slot: number;
export const hub = (column: keyof typeof HUB) => tables.hubs.get(tables.hubs.slotOf('hub') as number, HUB[column]);

beforeEach(() => {
  clock.now = 1_000_000;
  tables = createTables();
  slot = tables.connections.open('c', ['main', '', '', '']);
  errors = [];
  counters = new HubCounters(tables.hubs, 'hub', [], clock.now);
  // All in one slice, however slow the machine.
  live = makeLive(new TimeSlicer({ onError: (error) => errors.push(error), clock: () => 0 }));
});

/** The live protocol over the tables of the test. `slices`: do its work. */
export function makeLive(slices: TimeSlicer): Live {
  return new Live({
    tables,
    counters,
    source: 'hub@1',
    version: '0',
    clock: new Clock(
      () => clock.now,
      () => clock.now,
    ),
    isDraining: () => false,
    onError: (error) => errors.push(error),
    maxSharePercent: 75,
    slices,
  });
}

export function connect(form: LiveForm = 'msgpack', remoteAddress = '', hub = live): Dashboard {
  const headers = new Map([['sec-websocket-protocol', SUBPROTOCOLS[form]]]);
  const answer = hub.route().upgrade({ path: '', query: new URLSearchParams(), headers, remoteAddress });
  if ('refuse' in answer) throw new Error(answer.message);
  const dashboard = new Dashboard(form);
  dashboard.handler = answer.accept;
  answer.accept.onOpen(dashboard);
  return dashboard;
}

/** `ticks` ticks of 100 ms with one change each. */
export function run(ticks: number, each?: () => void): void {
  for (let tick = 0; tick < ticks; tick++) {
    clock.now += 100;
    tables.connections.add(slot, CONNECTION.chunks_sent, 1);
    live.tick(clock.now);
    each?.();
  }
}

export const sent = (dashboard: Dashboard) => dashboard.replica.rows.get('c')?.value(1);
