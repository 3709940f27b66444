import { neutral, neutralLines } from '@auralis/shared';
import type { Transition } from '../../alerts/alert.js';
import type { Notifier, SendContext, Sent, Teller } from '../notifier.js';
import type { Outbound } from '../outbound.js';

const MAX_ALERTS = 100;
const REPEAT_MS = 60_000;
/**
 * An alert that is not repeated for this long is over for Alertmanager. Its own default (`resolve_timeout`) is the
 * same.
 */
const LASTS_MS = 5 * REPEAT_MS;

/**
 * Prometheus Alertmanager, API v2. It knows an alert by its labels, so the labels at firing are kept until the end;
 * `alert_id` keeps episodes apart. Firing alerts are sent again every minute, because an Alertmanager may have
 * started anew. `endsAt` is always sent and `startsAt` is never after it. Otherwise Alertmanager would refuse the
 * request for good (400) after a clock was set back.
 */
export class Alertmanager implements Notifier {
  readonly maxBatch = MAX_ALERTS;
  readonly repeatMs = REPEAT_MS;
  readonly #url: string;
  readonly #outbound: Outbound;
  readonly #teller: Teller;

  /** `url`: Alertmanager's address, with its route prefix if it has one. */
  constructor(url: string, outbound: Outbound, teller: Teller) {
    this.#url = `${url.replace(/\/$/, '')}/api/v2/alerts`;
    this.#outbound = outbound;
    this.#teller = teller;
  }

  async send(batch: readonly Transition[], { signal, recall, now }: SendContext): Promise<Sent> {
    const remember = new Map<string, Transition | undefined>();
    const alerts = new Map<string, object>();
    for (const transition of batch) {
      const { id } = transition.alert;
      if (transition.state === 'firing') {
        remember.set(id, transition);
        alerts.set(id, this.#alert(transition, now, now + LASTS_MS));
        continue;
      }
      const fired = remember.get(id) ?? (recall(id) as Transition | undefined);
      const labels = (fired ?? transition).alert.labels;
      alerts.set(
        id,
        this.#alert({ ...transition, alert: { ...transition.alert, labels } }, now, Math.min(transition.at, now)),
      );
      remember.set(id, undefined);
    }
    await this.#post([...alerts.values()], signal);
    return { remember };
  }

  async repeat(firing: readonly Transition[], { signal, now }: SendContext): Promise<void> {
    for (let from = 0; from < firing.length; from += MAX_ALERTS) {
      const batch = firing.slice(from, from + MAX_ALERTS);
      const alerts = batch.map((transition) => this.#alert(transition, now, now + LASTS_MS));
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
  #alert({ alert }: Transition, now: number, endsAt: number) {
    const { id, rule, severity, title, message, labels, count, value, since, blame } = alert;
    const own = Object.entries(labels).map(([name, text]) => [labelName(name), neutral(text)] as const);
    return {
      labels: { ...Object.fromEntries(own), alertname: rule, severity, hub: this.#teller.hub, alert_id: id },
      annotations: {
        summary: neutral(title),
        description: neutralLines(message),
        count: String(count),
        ...(value === null ? {} : { value: String(value) }),
        ...(blame === null ? {} : { blame: blame.on, evidence: neutral(blame.evidence) }),
      },
      startsAt: new Date(Math.min(since, now, endsAt)).toISOString(),
      endsAt: new Date(endsAt).toISOString(),
      generatorURL: this.#teller.url(),
    };
  }
}

/** Names of labels are `[a-zA-Z_][a-zA-Z0-9_]*`. */
function labelName(name: string): string {
  return name.replace(/^[^a-zA-Z_]|[^a-zA-Z0-9_]/g, '_');
}
