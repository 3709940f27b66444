import type { Transition } from '@auralis/server/alerts/alert';
import type { AlertChange, AlertStore, StoredAlert } from '@auralis/server/alerts/alert-store';
import { Alerting } from '@auralis/server/alerts/alerting';
import { BUILT_IN_RULES } from '@auralis/server/alerts/built-in-rules';
import type { ManualAlert } from '@auralis/server/alerts/new-episode';
import { type RuleSpec, resolveRule } from '@auralis/server/alerts/rule-spec';
import type { Silence } from '@auralis/server/alerts/silences';
import { createTables, type Tables } from '@auralis/server/state/tables';
import { SCHEMAS, type TableName } from '@auralis/shared';

/** A store that a test can look into, and start another hub from. */
export class NotedStore implements AlertStore {
  readonly transitions: Transition[] = [];
  readonly firing = new Map<string, StoredAlert>();
  readonly silences = new Map<string, Silence>();

  load() {
    return { firing: [...this.firing.values()], silences: [...this.silences.values()] };
  }
  commit({ firing, over, transitions }: AlertChange): void {
    for (const stored of firing) this.firing.set(stored.alert.id, stored);
    for (const id of over) this.firing.delete(id);
    this.transitions.push(...transitions);
  }
  putSilence(silence: Silence): void {
    this.silences.set(silence.id, silence);
  }
  removeSilence(id: string): void {
    this.silences.delete(id);
  }
  async kept(): Promise<boolean> {
    return true;
  }
}

export type Cells = Readonly<Record<string, number | string>>;

/** Alerting over tables that a test writes, on a clock that moves when a test says so. */
export class World {
  readonly tables: Tables;
  readonly store: NotedStore;
  readonly log: { level: string; message: string; details: object }[] = [];
  /** Names of the hub counters that were raised. */
  readonly counted: string[] = [];
  readonly alerting: Alerting;
  now: number;
  /** Wall clock minus `now`. */
  wallOffsetMs = 0;
  /** Called between two steps of an evaluation. Without it each evaluation is done in one piece. */
  betweenSteps: (() => void) | null = null;
  #ids = 0;

  constructor(
    rules: readonly RuleSpec[] = BUILT_IN_RULES,
    store = new NotedStore(),
    now = 1_000_000_000,
    tables = createTables(),
  ) {
    this.store = store;
    this.now = now;
    this.tables = tables;
    const hubSlot = tables.hubs.slotOf('hub') ?? tables.hubs.open('hub');
    const say = (level: string) => (details: object, message: string) =>
      void this.log.push({ level, message, details });
    this.alerting = new Alerting(
      {
        tables,
        hubSlot,
        rules: rules.map(resolveRule),
        store,
        clock: { wallOf: (at) => at + this.wallOffsetMs, instantOf: (wall) => wall - this.wallOffsetMs },
        log: { info: say('info'), warn: say('warn'), error: say('error'), fatal: say('fatal') },
        newId: () => `${now}-${++this.#ids}`,
        counters: { add: (counter) => void this.counted.push(counter) },
        maxSharePercent: 75,
      },
      now,
    );
  }

  /** Raise an alert by hand from an address; its id, or why there is no place for it. */
  raise(alert: Partial<ManualAlert>, address = '192.0.2.1'): string {
    const whole = { severity: 'info', title: 't', message: 'm', labels: {}, lastsMs: 3_600_000, ...alert } as const;
    const raised = this.alerting.raise(whole, [address], this.now);
    return typeof raised === 'string' ? raised : raised.id;
  }

  /** Opens the row if need be, and writes cells by name; an enumeration takes its label, NaN makes a cell missing. */
  set(table: TableName, key: string, cells: Cells, attributes: readonly string[] = []): number {
    const into = this.tables[table];
    const slot = into.slotOf(key) ?? into.open(key, attributes);
    for (const [name, value] of Object.entries(cells)) {
      const column = SCHEMAS[table].columns.find((known) => known.name === name);
      if (column === undefined) throw new Error(`${table} has no ${name}`);
      into.set(slot, column.index, typeof value === 'string' ? (column.labels?.indexOf(value) ?? -1) : value);
    }
    return slot;
  }

  /** A listener of `stream` whose status is ok; `cells` differ from that. */
  listener(key: string, cells: Cells = {}, stream = 'main'): number {
    const well = {
      state: 'open',
      trust: 'trusted',
      clock: 'synced',
      status: 'ok',
      status_reason: 'ok',
      playback_state: 'playing',
      buffer_depth_ms: 300,
      latency_ms: 40,
      rtt_ms: 20,
      chunk_send_rate: 10,
      audio_rate: 1,
      dropped_per_min: 0,
      buffer_underruns: 0,
    };
    return this.set('connections', key, { ...well, ...cells }, [stream, `client-${key}`, '', '']);
  }

  /** A stream with an engine that publishes as it should. */
  stream(name = 'main', cells: Cells = {}): number {
    this.set('engines', name, {}, [name]);
    return this.set('streams', name, {
      publishing: 'yes',
      chunks_published: 100,
      chunk_send_rate: 10,
      audio_rate: 1,
      engine_offline_since: Number.NaN,
      ...cells,
    });
  }

  /** The wall clock of the machine is set. */
  stepWallClock(ms: number): void {
    this.wallOffsetMs += ms;
    for (const table of Object.values(this.tables)) table.stepWallClock(ms);
  }

  /** Lets seconds pass, one tick each; `each` runs before every one. */
  pass(seconds: number, each?: (second: number) => void): void {
    for (let second = 0; second < seconds; second++) {
      this.now += 1000;
      each?.(second);
      this.alerting.observeNode(this.now);
      if (this.betweenSteps === null) this.alerting.lookAtOnce(this.now);
      else for (const _ of this.alerting.look(this.now)) this.betweenSteps();
    }
  }

  /** The rows of `alerts` in a state, each as its attributes and readings by name. */
  alerts(state: 'pending' | 'firing' | 'resolved' = 'firing') {
    const { alerts } = this.tables;
    const { attributes, columns, index } = SCHEMAS.alerts;
    return [...alerts.slots()]
      .filter((slot) => alerts.get(slot, index.state) === columns[index.state]?.labels?.indexOf(state))
      .map((slot) => ({
        id: alerts.keyOf(slot),
        ...Object.fromEntries(attributes.map((name, at) => [name, alerts.attributesOf(slot)[at]])),
        ...Object.fromEntries(columns.map((column) => [column.name, alerts.get(slot, column.index)])),
      })) as unknown as (Record<string, string> & { count: number; value: number; since: number; silenced: number })[];
  }

  firing(): string[] {
    return this.alerts('firing').map(({ rule }) => rule as string);
  }
}
