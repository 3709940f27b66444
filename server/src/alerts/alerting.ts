import { MAX_ALERTS } from '@auralis/shared';
import type { Holders, NoPlace } from '../limits/places.js';
import type { HubCounters } from '../state/counters.js';
import { HUB, type Tables } from '../state/tables.js';
import { toTheEnd } from '../time/time-slicer.js';
import { AlertRows } from './alert-rows.js';
import { blameFor, withFinding } from './blame.js';
import { Circumstances, cpuOf, listenerName } from './circumstances.js';
import { labelsOf, messageOf } from './describe.js';
import { type Episode, MANUAL } from './episode.js';
import { Episodes } from './episodes.js';
import { EventLoopDelays } from './event-loop-delays.js';
import type { ManualAlert } from './new-episode.js';
import { NotificationPolicy, type NotificationPolicyContext } from './notification-policy.js';
import { RuleEvaluator, type Sighting } from './rule-evaluator.js';
import { type Silence, Silences } from './silences.js';

/** Text and blame of a firing alert are renewed this often, and when its number of rows changes. */
const DESCRIBE_EVERY_MS = 10_000;
/** Alerts whose text is renewed in one evaluation. Thousands at once would hold the loop. */
const MAX_DESCRIBED_ANEW = 50;
/** Listeners that a message names. */
const MAX_NAMED = 5;

/** Groups of a rule that are taken in one step. Most of them need nothing. */
const SIGHTINGS_A_STEP = 200;

export interface AlertingContext extends NotificationPolicyContext {
  readonly tables: Tables;
  /** This hub's row in `hubs`. */
  readonly hubSlot: number;
  readonly newId: () => string;
  readonly counters: Pick<HubCounters, 'add'>;
  /** Percent of the alerts raised by hand that one address or token may have. */
  readonly maxSharePercent: number;
}

export type SilenceRequest = Pick<Silence, 'matchers' | 'author' | 'reason' | 'endsAt'>;

/** Evaluates all rules once a second, and keeps alerts and silences. */
export class Alerting {
  readonly #context: AlertingContext;
  readonly #watches: readonly RuleEvaluator[];
  readonly #ruleNames: ReadonlySet<string>;
  readonly #episodes: Episodes;
  readonly #silences = new Silences();
  readonly #rows: AlertRows;
  readonly #node = new EventLoopDelays();
  readonly #telling: NotificationPolicy;
  /** Alerts that fired or were resolved since the last notifications. */
  #changed: Episode[] = [];
  #describedAnew = 0;

  constructor(context: AlertingContext, now: number) {
    this.#context = context;
    this.#watches = context.rules.map((rule) => new RuleEvaluator(rule, context.tables));
    this.#ruleNames = new Set(context.rules.map(({ name }) => name));
    this.#episodes = new Episodes(context.newId, context.maxSharePercent);
    this.#telling = new NotificationPolicy(context, this.#episodes, this.#silences);
    this.#rows = new AlertRows(context.tables.alerts);
    const { firing, silences } = context.store.load();
    for (const stored of firing) this.#episodes.restore(stored, context.clock, now);
    for (const silence of silences) this.#silences.add(silence);
    toTheEnd(this.#show());
  }

  /** Note the event-loop delay. Call once a second, also during an evaluation. */
  observeNode(now: number): void {
    const { hubs } = this.#context.tables;
    const { hubSlot } = this.#context;
    this.#node.observe(now, hubs.get(hubSlot, HUB.event_loop_delay_p99_ms));
    hubs.set(hubSlot, HUB.event_loop_blocked_ms, Math.round(this.#node.lostMs));
  }

  /**
   * Evaluate all rules, step by step. Tables and alerts may change between two steps. A rule reads its table in one
   * step, and an alert fires and gets its text and blame in one step.
   */
  *look(now: number): Generator<void> {
    const { tables, hubSlot, store, clock } = this.#context;
    const node = this.#node.state(cpuOf(tables, tables.hubs.keyOf(hubSlot)));
    const circumstances = new Circumstances(tables, node, now);
    this.#describedAnew = 0;
    const refusedBefore = this.#episodes.refused;
    for (const watch of this.#watches) yield* this.#lookBy(watch, circumstances, now);
    this.#noteRefused(this.#episodes.refused - refusedBefore);
    this.#changed.push(...this.#episodes.resolveForgotten(this.#ruleNames, now));
    for (const id of this.#silences.expire(clock.wallOf(now))) store.removeSilence(id);
    const changed = this.#changed;
    this.#changed = [];
    yield* this.#telling.settle(changed, now);
    this.#episodes.expire(now);
    yield* this.#show();
  }

  /** Evaluate all rules in one piece, however long it takes. */
  lookAtOnce(now: number): void {
    toTheEnd(this.look(now));
  }

  /**
   * Raise an alert by hand, or prolong it if the same one fires. Return its id, or why `holders` get no place for it.
   */
  raise(
    manual: ManualAlert,
    holders: Holders,
    now: number,
  ): { readonly id: string; readonly isNew: boolean } | NoPlace {
    const raised = this.#episodes.raise(manual, holders, now);
    if (typeof raised === 'string') {
      this.#context.counters.add(raised === 'share' ? 'refused_over_share' : 'raised_alerts_refused');
      return raised;
    }
    // Notify about this alert alone: a script may raise thousands, and each must not cost a pass over all others.
    if (raised.isNew) this.#telling.fired(raised.episode, now);
    else this.#telling.keep(raised.episode);
    this.#rows.writeOne(raised.episode);
    return { id: raised.episode.id, isNew: raised.isNew };
  }

  /** Resolve the alert that was raised by hand with this key. Return whether one fired. */
  resolveKey(key: string, stream: string | undefined, now: number): boolean {
    const episode = this.#episodes.openByKey(key, stream);
    if (episode === undefined) return false;
    this.resolve(episode.id, now);
    return true;
  }

  /** Resolve an alert that was raised by hand. Only its rule can resolve an alert of a rule. */
  resolve(id: string, now: number): 'resolved' | 'unknown' | 'by a rule' {
    const episode = this.#episodes.get(id);
    if (episode === undefined) return 'unknown';
    if (episode.rule !== MANUAL) return 'by a rule';
    if (episode.state === 'firing') {
      this.#telling.ended(this.#episodes.resolve(episode, now), now);
      this.#rows.writeOne(episode);
    }
    return 'resolved';
  }

  labelsOf(id: string): Readonly<Record<string, string>> {
    return this.#episodes.get(id)?.labels ?? {};
  }

  /** Return null if there are too many silences. */
  silence(request: SilenceRequest, now: number): Silence | null {
    const silence = { id: this.#context.newId(), ...request, createdAt: this.#context.clock.wallOf(now) };
    if (!this.#silences.add(silence)) return null;
    this.#context.store.putSilence(silence);
    this.#silencesChanged(now);
    return silence;
  }

  /** End a silence, and send alerts that fire under it and were not sent. Return false if there is none. */
  unsilence(id: string, now: number): boolean {
    if (!this.#silences.remove(id)) return false;
    this.#context.store.removeSilence(id);
    this.#silencesChanged(now);
    return true;
  }

  silences(): Silence[] {
    return this.#silences.list();
  }

  /** Resolve to true once everything decided so far is stored, or to false if the disk takes nothing now. */
  kept(): Promise<boolean> {
    return this.#context.store.kept();
  }

  #silencesChanged(now: number): void {
    toTheEnd(this.#telling.settle([], now));
    toTheEnd(this.#show());
  }

  *#lookBy(watch: RuleEvaluator, circumstances: Circumstances, now: number): Generator<void> {
    const { rule } = watch;
    const { tables } = this.#context;
    const sightings = watch.observe(now);
    yield;
    let seen = 0;
    for (const sighting of sightings.values()) {
      const change = this.#episodes.see(rule, sighting, (group) => labelsOf(rule, group, tables), now);
      if (change !== null) this.#changed.push(change);
      const isDescribed = this.#describe(watch, sighting, circumstances, now);
      if (isDescribed || ++seen % SIGHTINGS_A_STEP === 0) yield;
    }
    this.#changed.push(...this.#episodes.endUnseen(rule, sightings, now));
    yield;
  }

  /** Renew text and blame of an alert if it is time. Return whether it was. */
  #describe(watch: RuleEvaluator, sighting: Sighting, circumstances: Circumstances, now: number): boolean {
    const { rule } = watch;
    const episode = this.#episodes.openOf(rule.name, sighting.group);
    if (episode?.state !== 'firing' || sighting.ripe === 0) return false;
    const isReleased = episode.inhibitedBy !== null && now >= episode.heldUntil;
    const isOfOthers = episode.count !== episode.describedCount;
    if (now - episode.describedAt < DESCRIBE_EVERY_MS && !isReleased && !isOfOthers) return false;
    const isNew = Number.isNaN(episode.describedAt);
    // An alert that only waits to be resolved keeps its text and blame.
    if (!sighting.isBadNow && !isNew) return false;
    if (!isNew && !isReleased && ++this.#describedAnew > MAX_DESCRIBED_ANEW) return false;
    const { tables } = this.#context;
    episode.describedAt = now;
    episode.describedCount = episode.count;
    const isNamed = rule.table === 'connections' && rule.groupBy !== 'row';
    const slots = watch.slotsOf(sighting);
    const names = isNamed ? slots.slice(0, MAX_NAMED).map((slot) => listenerName(tables, slot)) : [];
    const { group, labels, count, worst } = episode;
    episode.message = messageOf({ rule, group, labels, count, worst, names });
    // An alert that explains this one ends before this reading recovers, and stays to blame until then.
    if (episode.inhibitedBy !== null && !isReleased) return true;
    const found = blameFor(circumstances.situation(rule, slots, labels.stream));
    // Nobody was notified of it while it was held back.
    episode.blame = episode.blame === null || isReleased ? found : withFinding(episode.blame, found);
    return true;
  }

  /** Count alerts without a place in the hub's row, and log when that begins. No alert can report it. */
  #noteRefused(refused: number): void {
    const { tables, hubSlot, log } = this.#context;
    const before = tables.hubs.get(hubSlot, HUB.alerts_refused);
    tables.hubs.set(hubSlot, HUB.alerts_refused, refused);
    if (refused > 0 && !(before > 0)) {
      log.warn({ refused }, `alerts refused: ${MAX_ALERTS} are kept at once, and there is no room for others`);
    }
  }

  *#show(): Generator<void> {
    yield* this.#rows.write(this.#episodes.all(), (id) => this.#episodes.get(id) !== undefined);
  }
}
