import { levelOf, neutral, SCHEMAS } from '@auralis/shared';
import { CONNECTION, CONNECTION_ATTRIBUTE, CONNECTION_STATE, STATUS, STREAM, type Tables } from '../state/tables.js';
import type { NodeState, Situation } from './blame.js';
import type { Rule } from './rule.js';

/** Values of `streams.status_reason`. */
const REASONS: readonly string[] = SCHEMAS.streams.columns[STREAM.status_reason]?.labels ?? [];

/** Connected listeners: their slots, and how many are ok. */
interface Listeners {
  readonly slots: number[];
  well: number;
}

const NOBODY: Listeners = { slots: [], well: 0 };

const GONE = 0;
const TROUBLED = 1;
const WELL = 2;

/**
 * Status of all listeners at one moment, gathered once and only if an alert asks for it. Later changes do not matter
 * while other alerts of the same evaluation ask, so shares add up.
 */
export class Circumstances {
  readonly #tables: Tables;
  readonly #node: NodeState;
  readonly #now: number;
  /** Connected listeners, by stream and all together. */
  #listeners: Map<string, Listeners> | null = null;
  #everybody: Listeners = NOBODY;
  /** Each slot holds the status of its listener, or GONE, and the generation of its row. */
  #statuses = new Uint8Array(0);
  #generations = new Uint32Array(0);

  constructor(tables: Tables, node: NodeState, now: number) {
    this.#tables = tables;
    this.#node = node;
    this.#now = now;
  }

  /**
   * Return the facts about an alert of `rule` for the rows in `slots`. `stream`: its label of that name, if it has
   * one. O(alert rows), not O(stream rows): each of a thousand listeners may have its own alert.
   */
  situation(rule: Rule, slots: readonly number[], stream: string | undefined): Situation {
    const isOfListeners = rule.table === 'connections';
    const of = isOfListeners && stream === undefined ? this.#everyone() : this.#listenersOf(stream);
    const affected = isOfListeners
      ? slots.filter((slot) => this.#isAmong(slot, stream))
      : of.slots.filter((slot) => this.#isSame(slot)).filter(this.#sharesIn(rule));
    const affectedWell = affected.filter((slot) => this.#isWell(slot)).length;
    const others = { count: of.slots.length - affected.length, well: of.well - affectedWell };
    return {
      about: aboutOf(rule),
      stream: stream ?? null,
      engine: this.#engineOf(stream, rule),
      affected: {
        count: affected.length,
        names: affected.slice(0, 3).map((slot) => listenerName(this.#tables, slot)),
      },
      others,
      elsewhere: { count: this.#everybody.slots.length - of.slots.length, well: this.#everybody.well - of.well },
      // An alert about the CPU does not need the CPU as evidence.
      node: rule.column.name === 'cpu_percent' ? { ...this.#node, cpuPercent: Number.NaN } : this.#node,
    };
  }

  /** Whether a listener shares its stream's fault, by its own reading of the same name, if there is one. */
  #sharesIn({ column: { name } }: Rule): (slot: number) => boolean {
    const { connections } = this.#tables;
    const own = SCHEMAS.connections.columns.find((column) => column.name === name);
    if (own === undefined) return (slot) => !this.#isWell(slot);
    return (slot) => (levelOf(own, connections.get(slot, own.index)) ?? 'ok') !== 'ok';
  }

  #engineOf(stream: string | undefined, rule: Rule): Situation['engine'] {
    const { streams } = this.#tables;
    const slot = stream === undefined ? undefined : streams.slotOf(stream);
    if (slot === undefined) return null;
    // A stream that another server serves has no engine here.
    const isLost = streams.get(slot, STREAM.engine_offline_since) > 0;
    if (!isLost && streams.get(slot, STREAM.publishing) !== 1) return null;
    const goneS = Math.max(0, streams.epochS(this.#now) - streams.get(slot, STREAM.engine_offline_since));
    const reason = REASONS[streams.get(slot, STREAM.status_reason)];
    return {
      goneS,
      audioRate: streams.get(slot, STREAM.audio_rate),
      isLate: reason === 'late',
      // A burst makes chunks drop, and nothing else.
      burstMs: rule.column.name === 'dropped_per_min' ? streams.get(slot, STREAM.burst_ms) || 0 : 0,
      pcmRatio: reason === 'wrong_format' ? streams.get(slot, STREAM.pcm_ratio) : Number.NaN,
    };
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
    this.#statuses = new Uint8Array(connections.highWater);
    this.#generations = connections.generation.slice(0, connections.highWater);
    for (const slot of connections.slots()) {
      if (connections.get(slot, CONNECTION.state) === CONNECTION_STATE.closed) continue;
      const isWell = !(connections.get(slot, CONNECTION.status) > STATUS.ok);
      this.#statuses[slot] = isWell ? WELL : TROUBLED;
      const stream = this.#streamOf(slot);
      let ofStream = byStream.get(stream);
      if (ofStream === undefined) {
        ofStream = { slots: [], well: 0 };
        byStream.set(stream, ofStream);
      }
      ofStream.slots.push(slot);
      everybody.slots.push(slot);
      if (!isWell) continue;
      ofStream.well++;
      everybody.well++;
    }
    this.#everybody = everybody;
    return byStream;
  }

  /** Whether it listens to `stream`, or to any. */
  #isAmong(slot: number, stream: string | undefined): boolean {
    const isHere = (this.#statuses[slot] ?? GONE) !== GONE && this.#isSame(slot);
    return isHere && (stream === undefined || this.#streamOf(slot) === stream);
  }

  /** Whether no other row has taken the slot meanwhile. */
  #isSame(slot: number): boolean {
    return this.#generations[slot] === this.#tables.connections.generation[slot];
  }

  #streamOf(slot: number): string {
    return this.#tables.connections.attributesOf(slot)[CONNECTION_ATTRIBUTE.stream] ?? '';
  }

  #isWell(slot: number): boolean {
    return this.#statuses[slot] === WELL;
  }
}

/** Return the name of a listener: its client's name, or the connection's id. */
export function listenerName(tables: Tables, slot: number): string {
  const { connections } = tables;
  return neutral(connections.attributesOf(slot)[CONNECTION_ATTRIBUTE.client] || connections.keyOf(slot));
}

/** CPU of this hub's host, whose row has the hub's name; NaN if unknown. */
export function cpuOf(tables: Tables, hub: string): number {
  const slot = tables.hosts.slotOf(hub);
  return slot === undefined ? Number.NaN : tables.hosts.get(slot, SCHEMAS.hosts.index.cpu_percent);
}

function aboutOf({ table, column }: Rule): Situation['about'] {
  switch (table) {
    case 'connections':
      return column.name === 'status_reason' || column.name === 'trust' ? 'player' : 'listeners';
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
