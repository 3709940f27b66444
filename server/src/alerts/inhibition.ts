/**
 * Holds back notifications of alerts that another alert explains, as Alertmanager's inhibition does. A blocked loop
 * makes many streams and listeners bad, and the person on call should read the cause, once.
 */
import { SEVERITIES } from './alert.js';
import type { Episode } from './episode.js';
import type { Rule } from './rule.js';

/** Readings that show trouble of the node, the most severe first. The first explains the second. */
const CAUSES: readonly string[] = ['hubs.event_loop_blocked_ms', 'hosts.cpu_percent'];
/** Tables whose rows suffer if the node does. Other alerts of the node have causes of their own. */
const SUFFER: readonly string[] = ['connections', 'streams'];

/** An alert that blames the node waits this long for the alert of its cause, which may take longer to fire. */
const CAUSE_WAIT_MS = 5_000;
/** After the cause has ended, readings over 60 s stay bad for as long, and must then be good for 10 s. */
const AFTERMATH_MS = 75_000;

/** Time is an argument. */
export class Inhibition {
  readonly #rules: ReadonlyMap<string, Rule>;
  /** Place of each rule among the causes; -1 for other rules. */
  readonly #ranks: ReadonlyMap<string, number>;
  /** Firing alerts about the node, the most severe cause first: one of each cause and severity. */
  #causes: readonly Episode[] = [];

  constructor(rules: readonly Rule[]) {
    this.#rules = new Map(rules.map((rule) => [rule.name, rule]));
    this.#ranks = new Map(rules.map(({ name, table, column }) => [name, CAUSES.indexOf(`${table}.${column.name}`)]));
  }

  /**
   * Find the causes among all alerts. The first of each cause and severity explains all that another would, and
   * `holds` looks through the causes once for each alert.
   */
  observe(episodes: Iterable<Episode>): void {
    const firsts = new Map<number, Episode>();
    for (const episode of episodes) {
      const rank = this.#rankOf(episode);
      if (episode.state !== 'firing' || rank < 0) continue;
      const kind = rank * SEVERITIES.length + weightOf(episode);
      if (!firsts.has(kind)) firsts.set(kind, episode);
    }
    this.#causes = [...firsts.values()].sort((a, b) => this.#rankOf(a) - this.#rankOf(b));
  }

  /** Whether a firing alert is held back for now. Notes in it which alert explains it. */
  holds(episode: Episode, now: number): boolean {
    const rank = this.#rankOf(episode);
    const suffers = SUFFER.includes(this.#rules.get(episode.rule)?.table ?? '');
    if (!suffers && rank <= 0) return false;
    if (episode.blame?.on !== 'node' && episode.inhibitedBy === null) return false;
    const cause = this.#causes.find(
      (found) => weightOf(found) >= weightOf(episode) && (rank < 0 || this.#rankOf(found) < rank),
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

  /** The most severe cause does not fire, or not yet. */
  #mayComeYet(): boolean {
    const [gravest] = this.#causes;
    return gravest === undefined || this.#rankOf(gravest) > 0;
  }

  /** Place among the causes; -1 for other alerts. */
  #rankOf({ rule }: Episode): number {
    return this.#ranks.get(rule) ?? -1;
  }
}

/** A warning must not hold back an error. */
const weightOf = ({ severity }: Episode) => SEVERITIES.indexOf(severity);
