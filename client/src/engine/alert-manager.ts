import { HubSender, type HubSenderOptions } from './hub-sender.js';

export const AlertSeverity = { INFO: 'info', WARNING: 'warning', ERROR: 'error', CRITICAL: 'critical' } as const;
export type AlertSeverity = (typeof AlertSeverity)[keyof typeof AlertSeverity];

/** What the hub takes, in characters. */
const MAX_TITLE = 200;
const MAX_MESSAGE = 2_000;

/** The `AlertManager` of the Auralis monitoring spec: hands alerts to the hub, which routes them on. */
export class AlertManager {
  readonly #sender: HubSender;

  /** With the options of a sender, or one that is there: `new AlertManager(metricsCollector.sender)`. */
  constructor(hub: HubSender | HubSenderOptions = {}) {
    this.#sender = hub instanceof HubSender ? hub : new HubSender(hub);
  }

  /** Of the sender's stream. Does not wait for the hub. Of the title it keeps 200 characters, of the message 2,000. */
  sendAlert(severity: AlertSeverity, title: string, message: string): void {
    this.#sender.post('/api/v1/alerts', {
      severity,
      title: title.slice(0, MAX_TITLE),
      message: (message || title).slice(0, MAX_MESSAGE),
      labels: { stream: this.#sender.stream },
    });
  }

  /** Waits until the hub has all, `timeoutMs` at most (2,000). */
  flush(timeoutMs?: number): Promise<boolean> {
    return this.#sender.flush(timeoutMs);
  }
}
