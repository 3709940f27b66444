import { HubSender, type HubSenderOptions } from './hub-sender.js';

export const AlertSeverity = { INFO: 'info', WARNING: 'warning', ERROR: 'error', CRITICAL: 'critical' } as const;
export type AlertSeverity = (typeof AlertSeverity)[keyof typeof AlertSeverity];

export interface AlertOptions {
  /** Names the alert, to raise it again and to resolve it. Default: its title. */
  readonly key?: string;
  /** How long the alert lasts if it is not sent again, seconds. Default: an hour. */
  readonly lastsS?: number;
}

/** Longest titles and keys that the hub takes, in characters. */
const MAX_TITLE = 200;
const MAX_MESSAGE = 2_000;

/** The `AlertManager` of the Auralis monitoring spec: hands alerts to the hub, which routes them on. */
export class AlertManager {
  readonly #sender: HubSender;

  /** With the options of a sender, or one that is there: `new AlertManager(metricsCollector.sender)`. */
  constructor(hub: HubSender | HubSenderOptions = {}) {
    this.#sender = hub instanceof HubSender ? hub : new HubSender(hub);
  }

  /**
   * Send an alert of the sender's stream, without waiting for the hub. It keeps 200 characters of the title and 2,000
   * of the message. The same key again is the same alert.
   */
  sendAlert(severity: AlertSeverity, title: string, message: string, { key, lastsS }: AlertOptions = {}): void {
    this.#sender.post('/api/v1/alerts', {
      key: keyOf(key ?? title),
      ...(lastsS === undefined ? {} : { lastsS }),
      severity,
      title: title.slice(0, MAX_TITLE),
      message: (message || title).slice(0, MAX_MESSAGE),
      labels: { stream: this.#sender.stream },
    });
  }

  /** End the alert that was sent with this key, or with this title if it had no key. */
  resolveAlert(key: string): void {
    this.#sender.post('/api/v1/alerts/resolve', { key: keyOf(key), stream: this.#sender.stream });
  }

  /** Waits until the hub has all, `timeoutMs` at most (2,000). */
  flush(timeoutMs?: number): Promise<boolean> {
    return this.#sender.flush(timeoutMs);
  }
}

const keyOf = (key: string) => key.slice(0, MAX_TITLE);
