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

/** Alerts that are kept, told and logged in one step, and those that are only looked through. */
const CHANGES_A_STEP = 25;
const ALERTS_A_STEP = 200;

export interface NotificationPolicyContext {
  readonly rules: readonly Rule[];
  readonly store: AlertStore;
  readonly clock: WallClock;
  readonly log: Readonly<Record<LogLevel, (details: object, message: string) => void>>;
}

/**
 * Decides who is to be told of which alert, and keeps it. An alert that fires is told once it lies under no silence: at once,
 * or when the last one ends; where it follows from another one, only if it goes on after that. That it is over is told to whom
 * it was told that it fires, whatever lies over it by then.
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

  /** Looks at all alerts, of which `changed` fired or were resolved, step by step. */
  *settle(changed: readonly Episode[], now: number): Generator<void> {
    const fired = new Set(changed.filter(({ state }) => state === 'firing'));
    // An alert's labels stay as they are: who lies under what changes with the silences alone.
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

  /** One alert alone has begun to fire, and follows from no other. */
  fired(episode: Episode, now: number): void {
    this.#mark(episode);
    const batch = new Batch(this.#context.clock);
    batch.add(episode, true, this.#isDue(episode, now) ? this.#told(episode) : null);
    this.#keep(batch);
  }

  /** One alert alone was resolved. */
  ended(episode: Episode, now: number): void {
    const batch = new Batch(this.#context.clock);
    batch.add(episode, true, this.#toldOver(episode, now));
    this.#keep(batch);
  }

  /** One alert that fires is another than before, which is no news. */
  keep(episode: Episode): void {
    this.#context.store.commit({ firing: [stored(episode, this.#context.clock)], over: [], transitions: [] });
  }

  #told(episode: Episode): Transition {
    episode.isTold = true;
    return this.#transition(episode, 'firing', episode.firedAt);
  }

  /** Null if no notifier was told that the alert fires. */
  #toldOver(episode: Episode, now: number): Transition | null {
    // The words are of the rows that were bad last, which may be fewer.
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

/** What is kept in one transaction: an alert's state and what is to be told of it are in the same. */
class Batch {
  readonly firing: StoredAlert[] = [];
  readonly over: string[] = [];
  readonly transitions: Transition[] = [];
  /** What fired or was resolved, whether or not it is told. */
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
