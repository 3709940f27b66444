import type { Alert } from './alert.js';

/** Keeps notifiers from being told of alerts that match. The alerts still show. */
export interface Silence {
  readonly id: string;
  /** `rule`, `severity` or a label, and its value. All must match; at least one is needed. */
  readonly matchers: Readonly<Record<string, string>>;
  readonly author: string;
  readonly reason: string;
  /** Wall times, ms since 1970. */
  readonly createdAt: number;
  readonly endsAt: number;
}

/** A script that makes a silence for each alert is refused before it fills the hub. */
export const MAX_SILENCES = 500;

/** Silences that have not ended. The wall time is an argument. */
export class Silences {
  /** Changes whenever a silence comes or goes. */
  version = 0;
  readonly #silences = new Map<string, Silence>();

  /** Return false if there are too many. */
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

  /** The last to end come first. */
  list(): Silence[] {
    return [...this.#silences.values()].sort((a, b) => b.endsAt - a.endsAt);
  }

  /** Forget silences that have ended. Return their ids. */
  expire(now: number): string[] {
    const ended = [...this.#silences.values()].filter(({ endsAt }) => endsAt <= now).map(({ id }) => id);
    for (const id of ended) this.remove(id);
    return ended;
  }

  /** Return a silence that covers the alert, or null. */
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
