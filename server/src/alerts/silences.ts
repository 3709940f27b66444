import type { Alert } from './alert.js';

/** Keeps notifiers from being told of alerts that match it. They show all the same. */
export interface Silence {
  readonly id: string;
  /** `rule`, `severity` or the name of a label, and the value that it must have: all of them. One at least. */
  readonly matchers: Readonly<Record<string, string>>;
  readonly author: string;
  readonly reason: string;
  /** Wall times, ms since 1970. */
  readonly createdAt: number;
  readonly endsAt: number;
}

/** Silences at once: somebody's script that makes one for each alert is told so before it fills the hub. */
export const MAX_SILENCES = 500;

/** All silences that have not ended. The wall time is an argument. */
export class Silences {
  /** Another one whenever a silence comes or goes. */
  version = 0;
  readonly #silences = new Map<string, Silence>();

  /** False where there are too many. */
  add(silence: Silence): boolean {
    if (this.#silences.size >= MAX_SILENCES) return false;
    this.#silences.set(silence.id, silence);
    this.version++;
    return true;
  }

  remove(id: string): boolean {
    this.version++;
    return this.#silences.delete(id);
  }

  get(id: string): Silence | undefined {
    return this.#silences.get(id);
  }

  /** Those that will end last come first. */
  list(): Silence[] {
    return [...this.#silences.values()].sort((a, b) => b.endsAt - a.endsAt);
  }

  /** Forgets those that have ended and returns their ids. */
  expire(now: number): string[] {
    const ended = [...this.#silences.values()].filter(({ endsAt }) => endsAt <= now).map(({ id }) => id);
    for (const id of ended) this.remove(id);
    return ended;
  }

  /** A silence that the alert lies under, or null. */
  covering(alert: Pick<Alert, 'rule' | 'severity' | 'labels'>): Silence | null {
    for (const silence of this.#silences.values()) if (matches(silence, alert)) return silence;
    return null;
  }
}

function matches({ matchers }: Silence, { rule, severity, labels }: Pick<Alert, 'rule' | 'severity' | 'labels'>) {
  for (const [name, value] of Object.entries(matchers)) {
    const found = name === 'rule' ? rule : name === 'severity' ? severity : labels[name];
    if (found !== value) return false;
  }
  return true;
}
