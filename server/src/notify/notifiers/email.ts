import { connect } from 'node:net';
import { createTransport } from 'nodemailer';
import type { Transition } from '../../alerts/alert.js';
import { AddressGuard } from '../addresses.js';
import { SEND_TIMEOUT_MS } from '../lane.js';
import { DeliveryError, type Notifier, type SendContext, type Sent, type Teller } from '../notifier.js';
import { body, fold, headline, summary } from '../words.js';

export interface EmailSettings {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (port 465). Otherwise STARTTLS is used where the server offers it. */
  readonly secure: boolean;
  /** No mail leaves, and no password, unless the connection is encrypted. */
  readonly requireTls: boolean;
  readonly auth: { readonly user: string; readonly pass: string } | null;
  readonly from: string;
  readonly to: readonly string[];
  readonly allowHosts: readonly string[];
}

const MAX_ALERTS = 100;
const CONNECT_TIMEOUT_MS = 5_000;

/** Mail, by SMTP. The end of an alert is a reply to the mail that told of it. */
export class Email implements Notifier {
  readonly maxBatch = MAX_ALERTS;
  readonly #settings: EmailSettings;
  readonly #guard: AddressGuard;
  readonly #teller: Teller;

  constructor(settings: EmailSettings, teller: Teller) {
    this.#settings = settings;
    this.#guard = new AddressGuard(settings.allowHosts);
    this.#teller = teller;
  }

  async send(batch: readonly Transition[], { recall, signal }: SendContext): Promise<Sent> {
    const told = fold(batch);
    const messageId = messageIdOf((batch[0] as Transition).key);
    const remember = new Map<string, string | undefined>();
    const earlier = new Set<string>();
    for (const { alert, state } of told) {
      const first = recall(alert.id);
      if (typeof first === 'string') earlier.add(first);
      remember.set(alert.id, state === 'firing' ? messageId : undefined);
    }
    const references = [...earlier];
    const transport = this.#transport();
    signal.addEventListener('abort', () => transport.close(), { once: true });
    try {
      await transport.sendMail({
        from: this.#settings.from,
        to: [...this.#settings.to],
        subject: `[auralis] ${summary(told)}`,
        text: `${told.map((one) => `${headline(one)}\n${body(one)}\n${new Date(one.at).toISOString()}\n`).join('\n')}\n${this.#teller.url()}\n`,
        messageId,
        ...(references.length === 0 ? {} : { references, inReplyTo: references[0] as string }),
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auralis-Keys': batch.map(({ key }) => key).join(' ') },
      });
    } catch (error) {
      throw deliveryError(error);
    } finally {
      transport.close();
    }
    return { remember };
  }

  #transport() {
    const { host, port, secure, requireTls, auth } = this.#settings;
    return createTransport({
      host,
      port,
      secure,
      requireTLS: requireTls,
      ...(auth === null ? {} : { auth: { ...auth } }),
      connectionTimeout: CONNECT_TIMEOUT_MS,
      greetingTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SEND_TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
      getSocket: (_, callback) => {
        try {
          this.#guard.check(host);
        } catch (error) {
          return callback(error as Error, false);
        }
        const socket = connect({ host, port, lookup: this.#guard.lookup, timeout: CONNECT_TIMEOUT_MS });
        socket.once('timeout', () => socket.destroy(new DeliveryError('no connection in time')));
        socket.once('error', (error) => callback(error, false));
        socket.once('connect', () => {
          socket.setTimeout(0);
          socket.removeAllListeners('error');
          callback(null, { connection: socket });
        });
      },
    });
  }
}

/** 5xx is the server’s last word on this mail; 4xx asks to come again (RFC 5321, 4.2.1). A login that fails may be mended. */
function deliveryError(error: unknown): unknown {
  const { responseCode, response, code } = error as { responseCode?: number; response?: string; code?: string };
  if (responseCode === undefined || response === undefined) return error;
  return new DeliveryError(`answered ${response.slice(0, 200)}`, { isFinal: responseCode >= 550 && code !== 'EAUTH' });
}

function messageIdOf(key: string): string {
  return `<${key.replace(/[^A-Za-z0-9._-]/g, '.')}@auralis-hub>`;
}
