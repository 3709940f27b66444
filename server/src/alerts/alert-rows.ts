import { SCHEMAS } from '@auralis/shared';
import { ALERT, type Tables } from '../state/tables.js';
import type { Episode } from './episode.js';

const ROWS_A_STEP = 100;
const STATES = { pending: 0, firing: 1, resolved: 2 } as const;

/** Rows of the table `alerts`, which dashboards, `top` and `tail` show. */
export class AlertRows {
  readonly #alerts: Tables['alerts'];

  constructor(alerts: Tables['alerts']) {
    this.#alerts = alerts;
  }

  /** Make the table hold these alerts and no others, step by step. */
  *write(episodes: Iterable<Episode>, has: (id: string) => boolean): Generator<void> {
    for (const slot of [...this.#alerts.slots()]) if (!has(this.#alerts.keyOf(slot))) this.#alerts.close(slot);
    let written = 0;
    for (const episode of episodes) {
      this.writeOne(episode);
      if (++written % ROWS_A_STEP === 0) yield;
    }
  }

  /** Write one alert as it is now. */
  writeOne(episode: Episode): void {
    const alerts = this.#alerts;
    const attributes = attributesOf(episode);
    let slot = alerts.slotOf(episode.id);
    if (slot === undefined) slot = alerts.open(episode.id, attributes);
    else {
      const before = alerts.attributesOf(slot);
      if (attributes.some((text, at) => text !== before[at])) alerts.setAttributes(slot, attributes);
    }
    alerts.set(slot, ALERT.state, STATES[episode.state]);
    alerts.set(slot, ALERT.count, episode.count);
    alerts.set(slot, ALERT.value, episode.worst);
    alerts.set(slot, ALERT.since, alerts.epochS(episode.since));
    alerts.set(slot, ALERT.fired_at, alerts.epochS(episode.firedAt));
    alerts.set(slot, ALERT.resolved_at, alerts.epochS(episode.resolvedAt));
    alerts.set(slot, ALERT.silenced, episode.silence === null ? 0 : 1);
  }
}

function attributesOf(episode: Episode): string[] {
  const { rule, severity, labels, title, blame, message, silence, inhibitedBy } = episode;
  const values = {
    rule,
    severity,
    scope: Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
    title,
    blame: blame?.on ?? '',
    evidence: blame?.evidence ?? '',
    message,
    stream: labels.stream ?? '',
    silence: silence ?? '',
    inhibited_by: inhibitedBy ?? '',
  };
  return SCHEMAS.alerts.attributes.map((name) => values[name]);
}
