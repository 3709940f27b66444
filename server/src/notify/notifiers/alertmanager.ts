import type { Transition } from '../../alerts/alert.js';
import type { Notifier, SendContext, Sent, Teller } from '../notifier.js';
import type { Outbound } from '../outbound.js';

const MAX_ALERTS = 100;
/** Alertmanager takes an alert for over that it has not heard of for its `resolve_timeout`, five minutes unless set. */
export const REPEAT_MS = 60_000;

/**
 * Prometheus Alertmanager, API v2. It knows an alert by its labels, so those of the transition that fired are kept until it is
 * over; `alert_id` keeps two episodes apart. What fires is told again every minute, also to an Alertmanager that has started anew.
 */
export class Alertmanager implements Notifier {
  readonly maxBatch = MAX_ALERTS;
  readonly repeatMs = REPEAT_MS;
  readonly #url: string;
  readonly #outbound: Outbound;
  readonly #teller: Teller;

  /** `url`: where Alertmanager is, with its route prefix if it has one. */
  constructor(url: string, outbound: Outbound, teller: Teller) {
    this.#url = `${url.replace(/\/$/, '')}/api/v2/alerts`;
    this.#outbound = outbound;
    this.#teller = teller;
  }

  async send(batch: readonly Transition[], { signal, recall }: SendContext): Promise<Sent> {
    const remember = new Map<string, Transition | undefined>();
    const alerts = new Map<string, object>();
    for (const transition of batch) {
      const { id } = transition.alert;
      if (transition.state === 'firing') {
        remember.set(id, transition);
        alerts.set(id, this.#alert(transition, null));
        continue;
      }
      const fired = remember.get(id) ?? (recall(id) as Transition | undefined);
      const labels = (fired ?? transition).alert.labels;
      alerts.set(id, this.#alert({ ...transition, alert: { ...transition.alert, labels } }, transition.at));
      remember.set(id, undefined);
    }
    await this.#post([...alerts.values()], signal);
    return { remember };
  }

  async repeat(firing: readonly Transition[], { signal }: SendContext): Promise<void> {
    for (let from = 0; from < firing.length; from += MAX_ALERTS) {
      const alerts = firing.slice(from, from + MAX_ALERTS).map((transition) => this.#alert(transition, null));
      await this.#post(alerts, signal);
    }
  }

  close(): Promise<void> {
    return this.#outbound.close();
  }

  async #post(alerts: readonly object[], signal: AbortSignal): Promise<void> {
    await this.#outbound.send(this.#url, { body: JSON.stringify(alerts), signal });
  }

  /** A `postableAlert`: labels, annotations, RFC 3339 times. */
  #alert({ alert }: Transition, endsAt: number | null) {
    const { id, rule, severity, title, message, labels, count, value, since, blame } = alert;
    const own = Object.entries(labels).map(([name, text]) => [labelName(name), text] as const);
    return {
      labels: { ...Object.fromEntries(own), alertname: rule, severity, hub: this.#teller.hub, alert_id: id },
      annotations: {
        summary: title,
        description: message,
        count: String(count),
        ...(value === null ? {} : { value: String(value) }),
        ...(blame === null ? {} : { blame: blame.on, evidence: blame.evidence }),
      },
      startsAt: new Date(since).toISOString(),
      ...(endsAt === null ? {} : { endsAt: new Date(Math.max(endsAt, since)).toISOString() }),
      generatorURL: this.#teller.url(),
    };
  }
}

/** Names of labels are `[a-zA-Z_][a-zA-Z0-9_]*`. */
function labelName(name: string): string {
  return name.replace(/^[^a-zA-Z_]|[^a-zA-Z0-9_]/g, '_');
}
