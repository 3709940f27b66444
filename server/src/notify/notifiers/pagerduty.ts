import { neutral } from '@auralis/shared';
import type { Transition } from '../../alerts/alert.js';
import { clip } from '../message-text.js';
import type { Notifier, SendContext, Sent, Teller } from '../notifier.js';
import type { Outbound } from '../outbound.js';

export interface PagerDutySettings {
  readonly routingKey: string;
  /** Address of events; accounts in the EU have another. */
  readonly url: string;
}

const MAX_SUMMARY = 1_024;
const MAX_DEDUP_KEY = 255;

/** PagerDuty, Events API v2. An alert's id is its `dedup_key`, so repeated messages make one incident. */
export class PagerDuty implements Notifier {
  readonly maxBatch = 1;
  readonly #settings: PagerDutySettings;
  readonly #outbound: Outbound;
  readonly #teller: Teller;

  constructor(settings: PagerDutySettings, outbound: Outbound, teller: Teller) {
    this.#settings = settings;
    this.#outbound = outbound;
    this.#teller = teller;
  }

  async send(batch: readonly Transition[], { signal }: SendContext): Promise<Sent> {
    const [transition] = batch as [Transition];
    const event = {
      routing_key: this.#settings.routingKey,
      dedup_key: clip(transition.alert.id, MAX_DEDUP_KEY),
      ...(transition.state === 'resolved' ? { event_action: 'resolve' } : this.#trigger(transition)),
    };
    await this.#outbound.send(this.#settings.url, { body: JSON.stringify(event), signal });
    return {};
  }

  close(): Promise<void> {
    return this.#outbound.close();
  }

  #trigger({ key, at, alert }: Transition) {
    const { rule, severity, title, message, labels, count, value, blame } = alert;
    const neutralLabels = Object.fromEntries(Object.entries(labels).map(([name, text]) => [name, neutral(text)]));
    return {
      event_action: 'trigger',
      client: 'Auralis Hub',
      client_url: this.#teller.url(),
      payload: {
        summary: clip(neutral(`${title}: ${message}`), MAX_SUMMARY),
        source: this.#teller.hub,
        // The names are the same as PagerDuty’s.
        severity,
        timestamp: new Date(at).toISOString(),
        class: rule,
        ...(labels.stream === undefined ? {} : { component: labels.stream }),
        custom_details: {
          key,
          labels: neutralLabels,
          count,
          value,
          blame: blame?.on ?? null,
          evidence: blame === null ? null : neutral(blame.evidence),
        },
      },
    };
  }
}
