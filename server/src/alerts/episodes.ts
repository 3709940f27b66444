import { MAX_ALERTS, MAX_RAISED_ALERTS } from '@auralis/shared';
import { type Holders, type NoPlace, Places } from '../limits/places.js';
import type { WallClock } from '../time/clock.js';
import type { StoredAlert } from './alert-store.js';
import { type Episode, MANUAL } from './episode.js';
import { type ManualAlert, pendingEpisode, raisedEpisode, restoredEpisode } from './new-episode.js';
import type { Rule } from './rule.js';
import type { Sighting } from './rule-evaluator.js';

/** A resolved alert stays this long, so that the person on call can find it. */
export const RESOLVED_STAYS_MS = 300_000;
/**
 * After a restart, listeners take up to 20 s to come back, and each rate needs its whole window again. So an alert
 * that fired before the restart is kept for at least this long.
 */
const RETURN_MS = 60_000;

/** Stands for whoever raised an alert by hand before the hub started, because that is not stored. */
const UNKNOWN_HOLDER: Holders = [''];

/** All alerts and their states. Pure: time and new ids are arguments. */
export class Episodes {
  /** How many alerts of rules found no place. The caller sets it to 0 before an evaluation. */
  refused = 0;
  readonly #newId: () => string;
  /** Places of alerts raised by hand. */
  readonly #places: Places;
  readonly #raisedBy = new Map<Episode, Holders>();
  readonly #byId = new Map<string, Episode>();
  /** Resolved alerts, in the order in which they ended. */
  readonly #resolved = new Set<Episode>();
  /** Pending and firing alerts, by rule and group. */
  readonly #open = new Map<string, Map<string, Episode>>();
  /** When a group whose alert was resolved may fire again. */
  readonly #quiet = new Map<string, Map<string, number>>();

  /** `sharePercent`: share of the alerts raised by hand that one address or token may have. */
  constructor(newId: () => string, sharePercent: number) {
    this.#newId = newId;
    this.#places = new Places({ most: MAX_RAISED_ALERTS, sharePercent });
  }

  all(): IterableIterator<Episode> {
    return this.#byId.values();
  }

  get(id: string): Episode | undefined {
    return this.#byId.get(id);
  }

  /** Return the pending or firing alert of a rule's group. */
  openOf(rule: string, group: string): Episode | undefined {
    return this.#open.get(rule)?.get(group);
  }

  /**
   * Take an alert that fired before the hub started. Alerts raised by hand beyond `MAX_RAISED_ALERTS` end at the next
   * evaluation.
   */
  restore(stored: StoredAlert, clock: WallClock, now: number): Episode {
    const hasPlace = stored.alert.rule !== MANUAL || this.#places.taken < MAX_RAISED_ALERTS;
    const endsAt = stored.endsAt === null ? now + RETURN_MS : clock.instantOf(stored.endsAt);
    const episode = restoredEpisode(stored, hasPlace ? endsAt : now, clock, now);
    this.#add(episode);
    if (episode.rule === MANUAL) this.#takePlace(episode, UNKNOWN_HOLDER);
    return episode;
  }

  /**
   * Take what a rule found in a group. Return the alert if this call made it fire or resolved it, else null.
   * `labelsOf`: labels of a new group.
   */
  see(
    rule: Rule,
    sighting: Sighting,
    labelsOf: (group: string) => Readonly<Record<string, string>>,
    now: number,
  ): Episode | null {
    const episode = this.openOf(rule.name, sighting.group) ?? this.#begin(rule, sighting, labelsOf);
    if (episode === null) return null;
    if (this.#update(episode, rule, sighting, now)) return episode;
    return isSpent(episode, rule, now) ? this.resolve(episode, now, rule.refireAfterS * 1000) : null;
  }

  /**
   * End the alerts of a rule whose groups have no bad row any more. Pending ones are removed, and firing ones are
   * resolved and returned. A firing one stays until its `keptUntil`.
   */
  endUnseen(rule: Rule, sightings: ReadonlyMap<string, Sighting>, now: number): Episode[] {
    const ended: Episode[] = [];
    for (const episode of this.#open.get(rule.name)?.values() ?? []) {
      if (sightings.has(episode.group)) continue;
      if (episode.state === 'pending') this.#remove(episode);
      else if (now >= episode.keptUntil) ended.push(this.resolve(episode, now, rule.refireAfterS * 1000));
    }
    return ended;
  }

  /** Raise an alert by hand, or prolong it if the same one fires. Return it, or why `holders` get no place for it. */
  raise(
    manual: ManualAlert,
    holders: Holders,
    now: number,
  ): { readonly episode: Episode; readonly isNew: boolean } | NoPlace {
    const { severity, title, message, labels, key, lastsMs } = manual;
    const group =
      key === undefined
        ? JSON.stringify([severity, title, Object.entries(labels).sort()])
        : groupOfKey(key, labels.stream);
    const known = this.openOf(MANUAL, group);
    if (known !== undefined) {
      known.severity = severity;
      known.title = title;
      known.message = message;
      known.keptUntil = now + lastsMs;
      return { episode: known, isNew: false };
    }
    const refusal = this.#findPlace(holders);
    if (refusal !== null) return refusal;
    const episode = raisedEpisode(this.#newId(), group, manual, now);
    this.#add(episode);
    this.#takePlace(episode, holders);
    return { episode, isNew: true };
  }

  /** Return the firing alert that was raised with this key. */
  openByKey(key: string, stream: string | undefined): Episode | undefined {
    return this.openOf(MANUAL, groupOfKey(key, stream));
  }

  /** Resolve alerts raised by hand whose time is over, and alerts whose rule is not among `rules`. */
  resolveForgotten(rules: ReadonlySet<string>, now: number): Episode[] {
    const forgotten: Episode[] = [];
    for (const [rule, open] of this.#open) {
      if (rules.has(rule)) continue;
      for (const episode of open.values()) {
        if (rule !== MANUAL || now >= episode.keptUntil) forgotten.push(episode);
      }
    }
    return forgotten.map((episode) => this.resolve(episode, now, 0));
  }

  resolve(episode: Episode, now: number, quietMs = 0): Episode {
    episode.state = 'resolved';
    episode.resolvedAt = now;
    episode.count = episode.mostCount;
    this.#resolved.add(episode);
    this.#open.get(episode.rule)?.delete(episode.group);
    if (quietMs > 0) mapOf(this.#quiet, episode.rule).set(episode.group, now + quietMs);
    return episode;
  }

  /** Forget alerts that were resolved long enough ago, and quiet times that are over. */
  expire(now: number): void {
    for (const episode of this.#resolved) {
      if (now - episode.resolvedAt < RESOLVED_STAYS_MS) break;
      this.#forget(episode);
    }
    for (const groups of this.#quiet.values()) {
      for (const [group, until] of groups) if (now >= until) groups.delete(group);
    }
  }

  /** Return whether there is room for one more alert. If need be, forget the one that was resolved first. */
  #makeRoom(): boolean {
    if (this.#byId.size < MAX_ALERTS) return true;
    const [oldest] = this.#resolved;
    if (oldest !== undefined) this.#forget(oldest);
    return oldest !== undefined;
  }

  /**
   * Return why `holders` may not raise an alert by hand, or null. If no place is left, at all or in their share, free
   * one: forget a resolved alert that was raised by hand.
   */
  #findPlace(holders: Holders): NoPlace | null {
    const refusal = this.#places.refusal(holders);
    if (refusal === null) return this.#makeRoom() ? null : 'full';
    for (const episode of this.#resolved) {
      const raisedBy = this.#raisedBy.get(episode);
      if (raisedBy === undefined || (refusal === 'share' && !sharesHolder(raisedBy, holders))) continue;
      this.#forget(episode);
      return this.#places.refusal(holders);
    }
    return refusal;
  }

  #takePlace(episode: Episode, holders: Holders): void {
    this.#places.take(holders);
    this.#raisedBy.set(episode, holders);
  }

  #forget(resolved: Episode): void {
    this.#resolved.delete(resolved);
    this.#byId.delete(resolved.id);
    const holders = this.#raisedBy.get(resolved);
    if (holders === undefined) return;
    this.#places.release(holders);
    this.#raisedBy.delete(resolved);
  }

  #begin(
    rule: Rule,
    sighting: Sighting,
    labelsOf: (group: string) => Readonly<Record<string, string>>,
  ): Episode | null {
    if (!this.#makeRoom()) {
      this.refused++;
      return null;
    }
    const episode = pendingEpisode(this.#newId(), rule, sighting, labelsOf(sighting.group));
    this.#add(episode);
    return episode;
  }

  /** Update an alert by what its rule found. Return whether that made it fire. */
  #update(episode: Episode, rule: Rule, { ripe, since, worst }: Sighting, now: number): boolean {
    if (ripe > 0) {
      episode.count = ripe;
      episode.lastRipeAt = now;
      episode.mostCount = Math.max(episode.mostCount, ripe);
      const isWorse = rule.condition.kind === 'below' ? !(worst >= episode.worst) : !(worst <= episode.worst);
      if (!Number.isNaN(worst) && isWorse) episode.worst = worst;
    }
    if (episode.state === 'firing' || ripe === 0) return false;
    if (now < (this.#quiet.get(rule.name)?.get(episode.group) ?? now)) return false;
    episode.state = 'firing';
    episode.firedAt = now;
    episode.since = since;
    return true;
  }

  #add(episode: Episode): void {
    this.#byId.set(episode.id, episode);
    mapOf(this.#open, episode.rule).set(episode.group, episode);
  }

  #remove(episode: Episode): void {
    this.#byId.delete(episode.id);
    this.#open.get(episode.rule)?.delete(episode.group);
  }
}

const sharesHolder = (a: Holders, b: Holders) => a.some((holder) => b.includes(holder));

/**
 * Whether a firing alert has had no ripe row for longer than `forS` plus `clearForS`. A row is ripe when it was bad for
 * long enough to count. That time is enough for a new bad row to ripen after the last one became good. If rows are bad
 * in turn, each too briefly to ripen, the alert must end.
 */
function isSpent({ state, lastRipeAt, keptUntil }: Episode, { forS, clearForS }: Rule, now: number): boolean {
  return state === 'firing' && now >= keptUntil && now - lastRipeAt > (forS + clearForS) * 1000;
}

const groupOfKey = (key: string, stream: string | undefined) => JSON.stringify(['key', key, stream ?? null]);

function mapOf<Value>(maps: Map<string, Map<string, Value>>, name: string): Map<string, Value> {
  const known = maps.get(name);
  if (known !== undefined) return known;
  const map = new Map<string, Value>();
  maps.set(name, map);
  return map;
}
