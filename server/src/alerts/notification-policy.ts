import type { WallClock } from '../time/clock.js';
import type { Severity, Transition } from './alert.js';
import type { AlertStore, StoredAlert } from './alert-store.js';
import { duration } from './describe.js';
import { alertOf, type Episode, MANUAL } from './episode.js';
import type { Episodes } from './episodes.js';
import { Inhibition } from './inhibition.js';
import type { Rule } from './rule.js';
import type { Silences } from './silences.js';

type LogLevel = 'info' | 'warn' | 'error' | 'fatal';
const LOG_LEVEL: Readonly<Record<Severity, LogLevel>> = {
  info: 'info',
  warning: 'warn',
  error: 'error',
  critical: 'fatal',
};

/** Alerts that are stored, sent and logged in one step, and alerts that are only looked at in one. */
const CHANGES_A_STEP = 25;
const ALERTS_A_STEP = 200;

export interface NotificationPolicyContext {
  readonly rules: readonly Rule[];
  readonly store: AlertStore;
  readonly clock: WallClock;
  readonly log: Readonly<Record<LogLevel, (details: object, message: string) => void>>;
}

/**
 * Decides who is notified of which alert, and stores that. A firing alert is sent if no silence covers it: at once,
 * or when the last silence ends. If another alert explains it, it is sent only if it outlasts that one. *Resolved*
 * goes to everyone who received *firing*, even if a silence now covers the alert.
 */
export class NotificationPolicy {
  readonly #context: NotificationPolicyContext;
  readonly #episodes: Episodes;
  readonly #silences: Silences;
  readonly #inhibition: Inhibition;
  /** Version of the silences by which alerts were last marked. */
  #silencesSeen = -1;

  constructor(context: NotificationPolicyContext, episodes: Episodes, silences: Silences) {
    this.#context = context;
    this.#episodes = episodes;
    this.#silences = silences;
    this.#inhibition = new Inhibition(context.rules);
  }

  /** Look at all alerts, step by step. `changed` fired or were resolved. */
  *settle(changed: readonly Episode[], now: number): Generator<void> {
    const fired = new Set(changed.filter(({ state }) => state === 'firing'));
    // Labels of an alert never change, so coverage changes only if silences do.
    const areSilencesOthers = this.#silences.version !== this.#silencesSeen;
    this.#silencesSeen = this.#silences.version;
    this.#inhibition.observe(this.#episodes.all());
    let batch = new Batch(this.#context.clock);
    let seen = 0;
    for (const episode of this.#episodes.all()) {
      if (episode.state === 'firing') {
        const isNew = fired.has(episode);
        if (isNew || areSilencesOthers) this.#mark(episode);
        const transition = this.#isDue(episode, now) ? this.#told(episode) : null;
        if (isNew || transition !== null) batch.add(episode, isNew, transition);
      }
      const isFull = batch.size >= CHANGES_A_STEP;
      if (isFull) {
        this.#keep(batch);
        batch = new Batch(this.#context.clock);
      }
      if (isFull || ++seen % ALERTS_A_STEP === 0) yield;
    }
    for (const episode of changed) {
      if (episode.state !== 'resolved') continue;
      batch.add(episode, true, this.#toldOver(episode, now));
      if (batch.size < CHANGES_A_STEP) continue;
      this.#keep(batch);
      batch = new Batch(this.#context.clock);
      yield;
    }
    this.#keep(batch);
  }

  /** Take one alert that begins to fire and that no other explains. */
  fired(episode: Episode, now: number): void {
    this.#mark(episode);
    const batch = new Batch(this.#context.clock);
    batch.add(episode, true, this.#isDue(episode, now) ? this.#told(episode) : null);
    this.#keep(batch);
  }

  /** Take one alert that was resolved. */
  ended(episode: Episode, now: number): void {
    const batch = new Batch(this.#context.clock);
    batch.add(episode, true, this.#toldOver(episode, now));
    this.#keep(batch);
  }

  /** Store a firing alert that has changed, without a notification. */
  keep(episode: Episode): void {
    this.#context.store.commit({ firing: [stored(episode, this.#context.clock)], over: [], transitions: [] });
  }

  #told(episode: Episode): Transition {
    episode.isTold = true;
    return this.#transition(episode, 'firing', episode.firedAt);
  }

  /** Return null if no notifier was told that the alert fires. */
  #toldOver(episode: Episode, now: number): Transition | null {
    // The text is about the rows that were bad last, which may be fewer.
    const most = episode.mostCount > 1 ? `, ${episode.mostCount} at once at most` : '';
    episode.message = `over after ${duration(now - episode.since)}${most}: ${episode.message}`;
    return episode.isTold ? this.#transition(episode, 'resolved', now) : null;
  }

  #transition(episode: Episode, state: Transition['state'], at: number): Transition {
    const { clock } = this.#context;
    const key = `${episode.id}:${state}`;
    return { key, state, at: Math.round(clock.wallOf(at)), alert: alertOf(episode, clock) };
  }

  #mark(episode: Episode): void {
    episode.silence = this.#silences.covering(episode)?.id ?? null;
  }

  #isDue(episode: Episode, now: number): boolean {
    return !episode.isTold && episode.silence === null && !this.#inhibition.holds(episode, now);
  }

  #keep({ firing, over, transitions, news }: Batch): void {
    if (firing.length + over.length === 0) return;
    this.#context.store.commit({ firing, over, transitions });
    for (const episode of news) this.#log(episode);
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
}

/** One transaction of the store: states of alerts, and their notifications. */
class Batch {
  readonly firing: StoredAlert[] = [];
  readonly over: string[] = [];
  readonly transitions: Transition[] = [];
  /** Alerts that fired or were resolved, notified or not. */
  readonly news: Episode[] = [];
  readonly #clock: WallClock;

  constructor(clock: WallClock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.firing.length + this.over.length;
  }

  add(episode: Episode, isNews: boolean, transition: Transition | null): void {
    if (episode.state === 'firing') this.firing.push(stored(episode, this.#clock));
    else this.over.push(episode.id);
    if (transition !== null) this.transitions.push(transition);
    if (isNews) this.news.push(episode);
  }
}

function stored(episode: Episode, clock: WallClock): StoredAlert {
  const { rule, group, mostCount, isTold, keptUntil } = episode;
  const firedAt = clock.wallOf(episode.firedAt);
  const endsAt = rule === MANUAL ? clock.wallOf(keptUntil) : null;
  return { alert: alertOf(episode, clock), group, firedAt, mostCount, isTold, endsAt };
}
