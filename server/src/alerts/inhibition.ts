/**
 * Keeps notifiers from being told of what follows from an alert that they are told of, as Alertmanager's inhibition does: a
 * hub that stands still makes many of its streams and listeners fare badly, and who is woken should read why, once.
 */
import { SEVERITIES } from './alert.js';
import type { Episode } from './episode.js';
import type { Rule } from './rule.js';

/** Readings that say that the node itself has trouble, the graver first: of two such alerts, the second follows from the first. */
const CAUSES: readonly string[] = ['hubs.event_loop_blocked_ms', 'hosts.cpu_percent'];
/** Rows that fare badly where the node does. What else is bad of the node itself has a cause of its own. */
const SUFFER: readonly string[] = ['connections', 'streams'];

/** What the node is blamed for waits so long for the alert of its cause, which may take longer to fire. */
const CAUSE_WAIT_MS = 5_000;
/** After the cause has ended, readings over 60 s go on for as long, and then must be well for 10 s. */
const AFTERMATH_MS = 75_000;

/** Time is an argument. */
export class Inhibition {
  readonly #rules: ReadonlyMap<string, Rule>;
  /** Alerts that fire and say that the node has trouble, the graver first. */
  #causes: readonly Episode[] = [];

  constructor(rules: readonly Rule[]) {
    this.#rules = new Map(rules.map((rule) => [rule.name, rule]));
  }

  /** Looks which causes there are. */
  observe(episodes: Iterable<Episode>): void {
    this.#causes = [...episodes]
      .filter((episode) => episode.state === 'firing' && this.#rankOf(episode) >= 0)
      .sort((a, b) => this.#rankOf(a) - this.#rankOf(b));
  }

  /** Whether nobody is to be told of an alert that fires, for now; notes in it what it follows from. */
  holds(episode: Episode, now: number): boolean {
    const rank = this.#rankOf(episode);
    const suffers = SUFFER.includes(this.#rules.get(episode.rule)?.table ?? '');
    if (!suffers && rank <= 0) return false;
    if (episode.blame?.on !== 'node' && episode.inhibitedBy === null) return false;
    const cause = this.#causes.find(
      (found) => found !== episode && weightOf(found) >= weightOf(episode) && (rank < 0 || this.#rankOf(found) < rank),
    );
    if (cause !== undefined) {
      episode.inhibitedBy = cause.id;
      episode.heldUntil = now + AFTERMATH_MS;
    } else if (suffers && Number.isNaN(episode.heldUntil) && this.#mayComeYet()) {
      episode.heldUntil = episode.firedAt + CAUSE_WAIT_MS;
    }
    if (now < episode.heldUntil) return true;
    episode.inhibitedBy = null;
    return false;
  }

  /** The gravest cause does not fire, or not yet. */
  #mayComeYet(): boolean {
    const [gravest] = this.#causes;
    return gravest === undefined || this.#rankOf(gravest) > 0;
  }

  /** Place among the causes; -1 of what is none. */
  #rankOf({ rule }: Episode): number {
    const found = this.#rules.get(rule);
    return found === undefined ? -1 : CAUSES.indexOf(`${found.table}.${found.column.name}`);
  }
}

/** A cause that is told as a warning must not keep an error from being told. */
const weightOf = ({ severity }: Episode) => SEVERITIES.indexOf(severity);
