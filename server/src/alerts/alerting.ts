import { HUB, type Tables } from '../state/tables.js';
import type { Severity, Transition } from './alert.js';
import { AlertRows } from './alert-rows.js';
import type { AlertStore, StoredAlert } from './alert-store.js';
import { blameFor } from './blame.js';
import { duration, labelsOf, messageOf } from './describe.js';
import { alertOf, type Episode, MANUAL } from './episode.js';
import { Episodes, type ManualAlert } from './episodes.js';
import { Inhibition } from './inhibition.js';
import { NodeWatch } from './node-watch.js';
import type { Rule } from './rule.js';
import { RuleWatch, type Sighting } from './rule-watch.js';
import { type Silence, Silences } from './silences.js';
import { Circumstances, cpuOf, listenerName } from './situation.js';

/** Words and blame of an alert that goes on are made anew this often: often enough to be true, too seldom to flicker. */
const DESCRIBE_EVERY_MS = 10_000;
/** Of those that go on so many in one look: thousands at once would hold the loop. */
const MAX_DESCRIBED_ANEW = 50;
/** Listeners that a message names. */
const MAX_NAMED = 5;

type LogLevel = 'info' | 'warn' | 'error' | 'fatal';
const LOG_LEVEL: Readonly<Record<Severity, LogLevel>> = {
  info: 'info',
  warning: 'warn',
  error: 'error',
  critical: 'fatal',
};

export interface AlertingContext {
  readonly tables: Tables;
  /** This hub's row in `hubs`. */
  readonly hubSlot: number;
  readonly rules: readonly Rule[];
  readonly store: AlertStore;
  readonly log: Readonly<Record<LogLevel, (details: object, message: string) => void>>;
  readonly newId: () => string;
}

/** A silence as it is asked for. */
export type SilenceRequest = Pick<Silence, 'matchers' | 'author' | 'reason' | 'endsAt'>;

/** All alerting: looks at the tables once a second, keeps the alerts and their silences, and says what changed. */
export class Alerting {
  readonly #context: AlertingContext;
  readonly #watches: readonly RuleWatch[];
  readonly #ruleNames: ReadonlySet<string>;
  readonly #episodes: Episodes;
  readonly #silences = new Silences();
  /** Version of the silences by which alerts were last marked. */
  #silencesSeen = -1;
  readonly #rows: AlertRows;
  readonly #node = new NodeWatch();
  readonly #inhibition: Inhibition;
  #describedAnew = 0;

  /** Takes up what was kept. */
  constructor(context: AlertingContext, now: number) {
    this.#context = context;
    this.#watches = context.rules.map((rule) => new RuleWatch(rule, context.tables));
    this.#ruleNames = new Set(context.rules.map(({ name }) => name));
    this.#episodes = new Episodes(context.newId);
    this.#inhibition = new Inhibition(context.rules);
    this.#rows = new AlertRows(context.tables.alerts);
    const { firing, silences } = context.store.load();
    for (const stored of firing) this.#episodes.restore(stored, now);
    for (const silence of silences) this.#silences.add(silence);
    this.#show();
  }

  /** Once a second. */
  tick(now: number): void {
    const { tables, hubSlot, store } = this.#context;
    this.#node.observe(now, tables.hubs.get(hubSlot, HUB.event_loop_delay_p99_ms));
    const node = this.#node.state(cpuOf(tables, tables.hubs.keyOf(hubSlot)));
    tables.hubs.set(hubSlot, HUB.stood_still_ms, Math.round(node.lostMs));
    const circumstances = new Circumstances(tables, node, now);
    const changed: Episode[] = [];
    this.#describedAnew = 0;
    for (const watch of this.#watches) {
      const sightings = watch.observe(now);
      changed.push(
        ...this.#episodes.settle(watch.rule, sightings, (group) => labelsOf(watch.rule, group, tables), now),
      );
      for (const sighting of sightings.values()) this.#describe(watch, sighting, circumstances, now);
    }
    changed.push(...this.#episodes.resolveForgotten(this.#ruleNames, now));
    for (const id of this.#silences.expire(now)) store.removeSilence(id);
    this.#settle(changed, now);
    this.#episodes.expire(now);
    this.#show();
  }

  /** Raises an alert by hand; where the same one fires already, prolongs it. Null where there are too many alerts. */
  raise(manual: ManualAlert, now: number): { readonly id: string; readonly isNew: boolean } | null {
    const raised = this.#episodes.raise(manual, now);
    if (raised === null) return null;
    if (raised.isNew) this.#settle([raised.episode], now);
    else this.#context.store.save({ firing: [stored(raised.episode)], over: [], transitions: [] });
    // That one alone: somebody's script may raise thousands, and each must not cost a look at all the others.
    this.#rows.writeOne(raised.episode);
    return { id: raised.episode.id, isNew: raised.isNew };
  }

  /** Ends an alert that was raised by hand. What a rule sees, only the rule can end. */
  resolve(id: string, now: number): 'resolved' | 'unknown' | 'by a rule' {
    const episode = this.#episodes.get(id);
    if (episode === undefined) return 'unknown';
    if (episode.rule !== MANUAL) return 'by a rule';
    if (episode.state === 'firing') {
      this.#settle([this.#episodes.resolve(episode, now)], now);
      this.#rows.writeOne(episode);
    }
    return 'resolved';
  }

  labelsOf(id: string): Readonly<Record<string, string>> {
    return this.#episodes.get(id)?.labels ?? {};
  }

  /** Null where there are too many silences. */
  silence(request: SilenceRequest, now: number): Silence | null {
    const silence = { id: this.#context.newId(), ...request, createdAt: now };
    if (!this.#silences.add(silence)) return null;
    this.#context.store.saveSilence(silence);
    this.#settle([], now);
    this.#show();
    return silence;
  }

  /** Ends a silence: alerts that fire under it, and that nobody was told of, are told now. False where there is none. */
  unsilence(id: string, now: number): boolean {
    if (!this.#silences.remove(id)) return false;
    this.#context.store.removeSilence(id);
    this.#settle([], now);
    this.#show();
    return true;
  }

  silences(): Silence[] {
    return this.#silences.list();
  }

  /** Done when all that was decided so far outlives the hub: true; false where it cannot be kept now. */
  kept(): Promise<boolean> {
    return this.#context.store.kept();
  }

  #describe(watch: RuleWatch, sighting: Sighting, circumstances: Circumstances, now: number): void {
    const { rule } = watch;
    const episode = this.#episodes.openOf(rule.name, sighting.group);
    if (episode?.state !== 'firing' || sighting.ripe === 0) return;
    const isReleased = episode.inhibitedBy !== null && now >= episode.heldUntil;
    if (now - episode.describedAt < DESCRIBE_EVERY_MS && !isReleased) return;
    const isNew = Number.isNaN(episode.describedAt);
    // While it only waits to be over, what happens is not what it was about: words and blame stay.
    if (!sighting.isBadNow && !isNew) return;
    if (!isNew && !isReleased && ++this.#describedAnew > MAX_DESCRIBED_ANEW) return;
    const { tables } = this.#context;
    episode.describedAt = now;
    const isNamed = rule.table === 'connections' && rule.groupBy !== 'row';
    const names = isNamed ? sighting.slots.slice(0, MAX_NAMED).map((slot) => listenerName(tables, slot)) : [];
    const { group, labels, count, worst } = episode;
    episode.message = messageOf({ rule, group, labels, count, worst, names });
    // What it follows from is over before its reading is, and to blame until then.
    if (episode.inhibitedBy === null || isReleased)
      episode.blame = blameFor(circumstances.situation(rule, sighting, labels.stream));
  }

  /**
   * Decides who is to be told, and keeps it. An alert that fires is told once it lies under no silence: at once, or when
   * the last one ends; where it follows from another one, only if it goes on after that. That it is over is told to whom it was told that it fires, whatever lies over it by then.
   */
  #settle(changed: readonly Episode[], now: number): void {
    const firing = new Set(changed.filter(({ state }) => state === 'firing'));
    const transitions: Transition[] = [];
    // An alert's labels stay as they are: who lies under what changes with the silences alone.
    const areSilencesOthers = this.#silences.version !== this.#silencesSeen;
    this.#silencesSeen = this.#silences.version;
    this.#inhibition.observe(this.#episodes.all());
    for (const episode of this.#episodes.all()) {
      if (episode.state !== 'firing') continue;
      if (areSilencesOthers || firing.has(episode)) episode.silence = this.#silences.covering(episode)?.id ?? null;
      if (episode.isTold || episode.silence !== null || this.#inhibition.holds(episode, now)) continue;
      episode.isTold = true;
      firing.add(episode);
      const alert = alertOf(episode);
      transitions.push({ key: `${episode.id}:firing`, state: 'firing', at: Math.round(episode.firedAt), alert });
    }
    const resolved = changed.filter(({ state }) => state === 'resolved');
    for (const episode of resolved) {
      episode.message = `over after ${duration(now - episode.since)}: ${episode.message}`;
      if (!episode.isTold) continue;
      transitions.push({
        key: `${episode.id}:resolved`,
        state: 'resolved',
        at: Math.round(now),
        alert: alertOf(episode),
      });
    }
    if (firing.size + resolved.length === 0) return;
    this.#context.store.save({ firing: [...firing].map(stored), over: resolved.map(({ id }) => id), transitions });
    for (const episode of changed) this.#log(episode);
  }

  #log(episode: Episode): void {
    const { id, rule, state, severity, title, message, blame, silence, inhibitedBy } = episode;
    const { log } = this.#context;
    const details = {
      alert: id,
      rule,
      severity,
      ...(blame === null ? {} : { blame: blame.on, evidence: blame.evidence }),
      ...(silence === null ? {} : { silence }),
      ...(inhibitedBy === null ? {} : { inhibitedBy }),
    };
    if (state === 'resolved') log.info(details, `RESOLVED: ${title} - ${message}`);
    else log[LOG_LEVEL[severity]](details, `ALERT: ${title} - ${message}`);
  }

  #show(): void {
    this.#rows.write(this.#episodes.all(), (id) => this.#episodes.get(id) !== undefined);
  }
}

function stored(episode: Episode): StoredAlert {
  const { rule, group, firedAt, mostCount, isTold, keptUntil } = episode;
  const endsAt = rule === MANUAL ? keptUntil : null;
  return { alert: alertOf(episode), group, firedAt, mostCount, isTold, endsAt };
}
