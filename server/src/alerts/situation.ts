import { levelOf, SCHEMAS } from '@auralis/shared';
import { CONNECTION, CONNECTION_ATTRIBUTE, CONNECTION_STATE, STREAM, type Tables } from '../state/tables.js';
import type { NodeState, Situation } from './blame.js';
import type { Rule } from './rule.js';
import type { Sighting } from './rule-watch.js';

/** Values of `connections.health` above this are troubled. */
const OK = 0;

/** Listeners that are here: their slots, and how many of them fare well. */
interface Listeners {
  readonly slots: number[];
  well: number;
}

const NOBODY: Listeners = { slots: [], well: 0 };

/** What the tables say at one moment of who fares well: gathered once, and only when an alert asks for it. */
export class Circumstances {
  readonly #tables: Tables;
  readonly #node: NodeState;
  readonly #now: number;
  /** Those who are here, by stream, and all together. */
  #listeners: Map<string, Listeners> | null = null;
  #everybody: Listeners = NOBODY;

  constructor(tables: Tables, node: NodeState, now: number) {
    this.#tables = tables;
    this.#node = node;
    this.#now = now;
  }

  /**
   * Of an alert of this rule. `stream`: its label of that name, if it has one. Of a rule of listeners it costs by the rows of
   * the alert, not of the stream: each of a thousand listeners may have an alert of its own.
   */
  situation(rule: Rule, { slots }: Sighting, stream: string | undefined): Situation {
    const isOfListeners = rule.table === 'connections';
    const of = isOfListeners && stream === undefined ? this.#everyone() : this.#listenersOf(stream);
    const affected = isOfListeners
      ? slots.filter((slot) => this.#isAmong(slot, stream))
      : of.slots.filter(this.#sharesIn(rule));
    const affectedWell = affected.filter((slot) => this.#isWell(slot)).length;
    const others = { count: of.slots.length - affected.length, well: of.well - affectedWell };
    return {
      about: aboutOf(rule),
      stream: stream ?? null,
      engine: this.#engineOf(stream),
      affected: {
        count: affected.length,
        names: affected.slice(0, 3).map((slot) => listenerName(this.#tables, slot)),
      },
      others,
      elsewhere: { count: this.#everybody.slots.length - of.slots.length, well: this.#everybody.well - of.well },
      // That the CPU is busy needs no saying where that is the alert.
      node: rule.column.name === 'cpu_percent' ? { ...this.#node, cpuPercent: Number.NaN } : this.#node,
    };
  }

  /** Whether a listener has its share in what its stream suffers from: by its own reading of the same name, if there is one. */
  #sharesIn({ column: { name } }: Rule): (slot: number) => boolean {
    const { connections } = this.#tables;
    const own = SCHEMAS.connections.columns.find((column) => column.name === name);
    if (own === undefined) return (slot) => !this.#isWell(slot);
    return (slot) => (levelOf(own, connections.get(slot, own.index)) ?? 'ok') !== 'ok';
  }

  #engineOf(stream: string | undefined): Situation['engine'] {
    const { streams } = this.#tables;
    const slot = stream === undefined ? undefined : streams.slotOf(stream);
    if (slot === undefined) return null;
    // A stream that another server serves has no engine here to judge.
    const isLost = streams.get(slot, STREAM.engine_lost_at) > 0;
    if (!isLost && streams.get(slot, STREAM.publishing) !== 1) return null;
    const goneS = Math.max(0, this.#now / 1000 - streams.get(slot, STREAM.engine_lost_at));
    return { goneS, chunkRate: streams.get(slot, STREAM.chunk_send_rate) };
  }

  #listenersOf(stream: string | undefined): Listeners {
    this.#listeners ??= this.#gather();
    return this.#listeners.get(stream ?? '') ?? NOBODY;
  }

  #everyone(): Listeners {
    this.#listeners ??= this.#gather();
    return this.#everybody;
  }

  #gather(): Map<string, Listeners> {
    const { connections } = this.#tables;
    const byStream = new Map<string, Listeners>();
    const everybody: Listeners = { slots: [], well: 0 };
    for (const slot of connections.slots()) {
      if (!this.#isHere(slot)) continue;
      const stream = this.#streamOf(slot);
      const ofStream = byStream.get(stream) ?? { slots: [], well: 0 };
      byStream.set(stream, ofStream);
      for (const listeners of [ofStream, everybody]) {
        listeners.slots.push(slot);
        if (this.#isWell(slot)) listeners.well++;
      }
    }
    this.#everybody = everybody;
    return byStream;
  }

  /** Whether it is one of those of `stream`, or of any. */
  #isAmong(slot: number, stream: string | undefined): boolean {
    return this.#isHere(slot) && (stream === undefined || this.#streamOf(slot) === stream);
  }

  #isHere(slot: number): boolean {
    return this.#tables.connections.get(slot, CONNECTION.state) !== CONNECTION_STATE.closed;
  }

  #streamOf(slot: number): string {
    return this.#tables.connections.attributesOf(slot)[CONNECTION_ATTRIBUTE.stream] ?? '';
  }

  #isWell(slot: number): boolean {
    return !(this.#tables.connections.get(slot, CONNECTION.health) > OK);
  }
}

/** What people call a listener: its own name for itself, or the connection's id. */
export function listenerName(tables: Tables, slot: number): string {
  const { connections } = tables;
  return connections.attributesOf(slot)[CONNECTION_ATTRIBUTE.client] || connections.keyOf(slot);
}

/** CPU of the host that this hub runs on, whose row bears the hub's name; NaN where it is not known. */
export function cpuOf(tables: Tables, hub: string): number {
  const slot = tables.hosts.slotOf(hub);
  return slot === undefined ? Number.NaN : tables.hosts.get(slot, SCHEMAS.hosts.index.cpu_percent);
}

function aboutOf({ table, column }: Rule): Situation['about'] {
  switch (table) {
    case 'connections':
      return column.name === 'health_reason' || column.name === 'trust' ? 'player' : 'listeners';
    case 'streams':
      return 'stream';
    case 'engines':
      return 'engine';
    case 'gpus':
      return 'gpu';
    default:
      return 'node';
  }
}
