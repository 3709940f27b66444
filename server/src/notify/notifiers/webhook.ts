import { createHmac } from 'node:crypto';
import type { Transition } from '../../alerts/alert.js';
import type { Notifier, SendContext, Sent, Teller } from '../notifier.js';
import type { Outbound } from '../outbound.js';

export interface WebhookSettings {
  readonly url: string;
  /** `whsec_` and base64; without it, requests are not signed. */
  readonly secret: string | null;
}

/**
 * One transition a request, as JSON: `{type, timestamp, hub, data: Transition}`. Signed by Standard Webhooks 1.0:
 * `webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>`.
 * `webhook-id` is the transition's key, as is `Idempotency-Key`.
 */
export class Webhook implements Notifier {
  readonly maxBatch = 1;
  readonly #settings: WebhookSettings;
  readonly #outbound: Outbound;
  readonly #teller: Teller;

  constructor(settings: WebhookSettings, outbound: Outbound, teller: Teller) {
    this.#settings = settings;
    this.#outbound = outbound;
    this.#teller = teller;
  }

  async send(batch: readonly Transition[], { signal, now }: SendContext): Promise<Sent> {
    const [transition] = batch as [Transition];
    const { key, state, at } = transition;
    const { url, secret } = this.#settings;
    const told = { type: `alert.${state}`, timestamp: new Date(at).toISOString(), hub: this.#teller.hub };
    const body = JSON.stringify({ ...told, data: transition });
    const timestamp = String(Math.floor(now / 1000));
    const headers = { 'idempotency-key': key, 'webhook-id': key, 'webhook-timestamp': timestamp };
    const signature = secret === null ? {} : { 'webhook-signature': sign(secret, key, timestamp, body) };
    await this.#outbound.send(url, { headers: { ...headers, ...signature }, body, signal });
    return {};
  }

  close(): Promise<void> {
    return this.#outbound.close();
  }
}

function sign(secret: string, id: string, timestamp: string, body: string): string {
  const bytes = Buffer.from(secret.slice('whsec_'.length), 'base64');
  return `v1,${createHmac('sha256', bytes).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
