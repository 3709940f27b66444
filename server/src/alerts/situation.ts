import { levelOf, SCHEMAS } from '@auralis/shared';
import { CONNECTION, CONNECTION_ATTRIBUTE, CONNECTION_STATE, STREAM, type Tables } from '../state/tables.js';
import type { Group, NodeState, Situation } from './blame.js';
import type { Rule } from './rule.js';
import type { RuleWatch, Sighting } from './rule-watch.js';

/** Values of `connections.health` above this are troubled. */
const OK = 0;
const NOBODY: Group = { count: 0, well: 0 };

/** What the tables say at one moment of who fares well: gathered once, and only when an alert asks for it. */
export class Circumstances {
  readonly #tables: Tables;
  readonly #node: NodeState;
  readonly #now: number;
  /** Slots of the listeners that are here, by stream. */
  #listeners: Map<string, number[]> | null = null;
  #everybody: Group = NOBODY;

  constructor(tables: Tables, node: NodeState, now: number) {
    this.#tables = tables;
    this.#node = node;
    this.#now = now;
  }

  /** Of an alert of this rule. `stream`: its label of that name, if it has one. */
  situation(watch: RuleWatch, { group, slots }: Sighting, stream: string | undefined): Situation {
    const { rule } = watch;
    const isOfListeners = rule.table === 'connections';
    const of = isOfListeners && stream === undefined ? this.#everyone() : this.#listenersOf(stream);
    const isAffected = isOfListeners ? (slot: number) => watch.isIn(group, slot) : this.#sharesIn(rule);
    const affected = of.filter(isAffected);
    const rest = of.filter((slot) => !isAffected(slot));
    const others = { count: rest.length, well: rest.filter((slot) => this.#isWell(slot)).length };
    const inStream = of.filter((slot) => this.#isWell(slot)).length;
    return {
      about: aboutOf(rule),
      stream: stream ?? null,
      engine: this.#engineOf(stream),
      affected: {
        count: affected.length,
        names: (isOfListeners ? slots : affected.slice(0, 3)).map((slot) => listenerName(this.#tables, slot)),
      },
      others,
      elsewhere: { count: this.#everybody.count - of.length, well: this.#everybody.well - inStream },
      node: this.#node,
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

  #listenersOf(stream: string | undefined): readonly number[] {
    this.#listeners ??= this.#gather();
    return this.#listeners.get(stream ?? '') ?? [];
  }

  #everyone(): readonly number[] {
    this.#listeners ??= this.#gather();
    return [...this.#listeners.values()].flat();
  }

  #gather(): Map<string, number[]> {
    const { connections } = this.#tables;
    const byStream = new Map<string, number[]>();
    let count = 0;
    let well = 0;
    for (const slot of connections.slots()) {
      if (connections.get(slot, CONNECTION.state) === CONNECTION_STATE.closed) continue;
      const stream = connections.attributesOf(slot)[CONNECTION_ATTRIBUTE.stream] ?? '';
      const known = byStream.get(stream);
      if (known === undefined) byStream.set(stream, [slot]);
      else known.push(slot);
      count++;
      if (this.#isWell(slot)) well++;
    }
    this.#everybody = { count, well };
    return byStream;
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
