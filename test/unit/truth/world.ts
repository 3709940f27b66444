import { ClientMetrics, type ListenOptions, type Runtime, type SocketConstructor } from '@auralis/client';
import { seededRandom } from '@auralis/server/simulate/random';
import { CONNECTION, STREAM } from '@auralis/server/state/tables';
import { SCHEMAS, Writer, writePublishedChunk } from '@auralis/shared';
import { silentPeer } from '../../harness/peer.js';
import { makeRelay, upgrade } from '../relay/world.js';
import { Timeline } from './network.js';
import { type Paths, SimulatedSocket, type Witness } from './socket.js';

/** Real SDKs and the real relay and ingest, joined by a simulated network; the hub's clock is the true one. */

const START = 1_000_000;

export interface ListenerPlan extends Paths {
  readonly client: string;
  /** Its clock minus the hub's at the start, ms, and by how much that grows in each ms. */
  readonly offsetMs: number;
  readonly drift: number;
  readonly witness?: Witness;
  readonly options?: ListenOptions;
  /** Its connections that are open or were. */
  readonly sockets?: SimulatedSocket[];
}

type Column = keyof typeof CONNECTION;

/** When a chunk is sent: when it is whole, when the chunk before has been played, or after twice its length. */
export type Pacing = 'whole' | 'played' | 'slow';

export class World {
  readonly timeline = new Timeline(START);
  /** Nobody reaches the hub, and who is connected stays so until `cut`. */
  isDown = false;
  readonly #hub = makeRelay(this.timeline);

  /**
   * Publish chunks in real time; `each` runs after every sweep, once a second. `nextMs`: how long the next chunk is.
   * `beginsMs`: how long after it connects the engine begins.
   */
  constructor(
    each: (world: World) => void = () => {},
    nextMs: () => number = () => 100,
    pacing: Pacing = 'whole',
    beginsMs = 0,
  ) {
    const engine = upgrade(this.#hub.routes.publish, 'publish');
    engine.onOpen(silentPeer);
    const writer = new Writer();
    let playedMs = 0;
    const publish = () => {
      const durationMs = nextMs();
      const waitMs = { whole: durationMs, played: playedMs, slow: 2 * durationMs }[pacing];
      playedMs = durationMs;
      this.timeline.at(this.timeline.now + waitMs, () => {
        engine.onMessage(silentPeer, writePublishedChunk(writer, { durationMs, payload: new Uint8Array(8) }), true);
        this.#hub.endTurn();
        publish();
      });
    };
    this.timeline.at(this.timeline.now + beginsMs, publish);
    this.#every(1000, () => {
      this.#hub.sweep.run(this.timeline.now);
      engine.onPong(silentPeer, new Uint8Array());
      each(this);
    });
  }

  get tables() {
    return this.#hub.tables;
  }

  get connections() {
    return this.tables.connections;
  }

  run(seconds: number): this {
    this.timeline.runUntil(this.timeline.now + seconds * 1000);
    return this;
  }

  /** The clock and timers of a machine whose clock is `offsetMs` ahead of the hub's, and gains `drift`. */
  runtime({ offsetMs, drift, seed }: Pick<ListenerPlan, 'offsetMs' | 'drift' | 'seed'>): Runtime {
    const { timeline } = this;
    return {
      now: () => timeline.now + offsetMs + (timeline.now - START) * drift,
      random: seededRandom(seed),
      setTimeout: (run, ms) => timeline.at(timeline.now + ms / (1 + drift), run),
      clearTimeout: (cancel) => (cancel as (() => void) | undefined)?.(),
    };
  }

  /** A page with our SDK. */
  listen(plan: ListenerPlan): ClientMetrics {
    const open = () => this.connect(plan);
    // Called with `new`, and what it returns is what is made.
    const WebSocket = function connect() {
      return open();
    } as unknown as SocketConstructor;
    const { client } = plan;
    return ClientMetrics.listen('ws://hub/', { runtime: this.runtime(plan), client, WebSocket, ...plan.options });
  }

  connect(plan: ListenerPlan): SimulatedSocket {
    const accept = () => (this.isDown ? null : upgrade(this.#hub.routes.listen, 'listen', `client=${plan.client}`));
    const socket = new SimulatedSocket(this.timeline, plan, plan.witness ?? {}, accept);
    plan.sockets?.push(socket);
    return socket;
  }

  /** Figures of a connection, by its id; of the client's last one, by the client's name. */
  row(name: string, ...columns: Column[]): number[] {
    const { connections } = this;
    const slot = connections.slotOf(name) ?? this.#slotOfClient(name);
    return columns.map((column) => connections.get(slot, CONNECTION[column]));
  }

  /** The label of a figure of the client's last connection. */
  word(client: string, column: Column): string {
    const [value] = this.row(client, column);
    return SCHEMAS.connections.columns[CONNECTION[column]]?.labels?.[value as number] ?? '';
  }

  stream(...columns: (keyof typeof STREAM)[]): number[] {
    return columns.map((column) => this.#hub.tables.streams.get(0, STREAM[column]));
  }

  #slotOfClient(client: string): number {
    const { connections } = this;
    return [...connections.slots()].filter((slot) => connections.attributesOf(slot)[1] === client).at(-1) ?? -1;
  }

  #every(ms: number, run: () => void): void {
    const again = () => {
      run();
      this.timeline.at(this.timeline.now + ms, again);
    };
    this.timeline.at(this.timeline.now + ms, again);
  }
}
