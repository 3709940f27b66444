import { connect } from 'node:net';
import { createTransport } from 'nodemailer';
import type { Transition } from '../../alerts/alert.js';
import { AddressGuard } from '../addresses.js';
import { SEND_TIMEOUT_MS } from '../delivery-queue.js';
import { body, fold, headline, summary } from '../message-text.js';
import { DeliveryError, type Notifier, type SendContext, type Sent, type Teller } from '../notifier.js';

export interface EmailSettings {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (port 465). Otherwise STARTTLS is used if the server offers it. */
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

/** A recipient that the server refused, and the server's answer. */
interface RejectedRecipient {
  readonly recipient: string;
  readonly responseCode: number;
  readonly response: string;
}

/**
 * Mail, by SMTP. The mail of *resolved* is a reply to that of *firing*. A recipient that the server defers (4xx) is
 * tried again alone; one that it refuses (5xx) is reported. Others get their mail at once.
 */
export class Email implements Notifier {
  readonly maxBatch = MAX_ALERTS;
  readonly #settings: EmailSettings;
  readonly #guard: AddressGuard;
  readonly #teller: Teller;
  /** Recipients that need no more mail of the present batch, and the batch as it was then. */
  readonly #done = new Map<string, readonly Transition[]>();
  /** The server's final answers about recipients of this batch. */
  readonly #refusals = new Map<string, string>();

  constructor(settings: EmailSettings, teller: Teller) {
    this.#settings = settings;
    this.#guard = new AddressGuard(settings.allowHosts);
    this.#teller = teller;
  }

  async send(batch: readonly Transition[], context: SendContext): Promise<Sent> {
    const remember = new Map<string, string | undefined>();
    const deferred: string[] = [];
    for (const { to, owed } of this.#groups(batch)) {
      const rejected = await this.#mail(to, owed, context, remember);
      for (const recipient of to) {
        const error = rejected.find((one) => one.recipient === addressIn(recipient));
        const words = `${recipient}: answered ${error?.response.slice(0, 200)}`;
        if (error !== undefined && error.responseCode < 500) {
          deferred.push(words);
          continue;
        }
        if (error !== undefined) this.#refusals.set(recipient, words);
        this.#done.set(recipient, batch);
      }
    }
    if (deferred.length > 0) throw new DeliveryError([...deferred, ...this.#refusals.values()].join('; '));
    const refusals = [...this.#refusals.values()];
    const isForNobody = this.#settings.to.every((recipient) => this.#refusals.has(recipient));
    this.#done.clear();
    this.#refusals.clear();
    if (isForNobody) throw new DeliveryError(refusals.join('; '), { isFinal: true });
    return { remember, refusals };
  }

  /** Group recipients by the part of a batch that they still need: each group gets one mail. */
  #groups(batch: readonly Transition[]): { readonly to: string[]; readonly owed: readonly Transition[] }[] {
    const groups = new Map<number, { to: string[]; owed: readonly Transition[] }>();
    for (const recipient of new Set(this.#settings.to)) {
      // Batches grow at their end while they are tried again.
      const told = this.#done.get(recipient)?.length ?? 0;
      const group = groups.get(told) ?? { to: [], owed: batch.slice(told) };
      group.to.push(recipient);
      groups.set(told, group);
    }
    return [...groups.values()].filter(({ owed }) => owed.length > 0);
  }

  /**
   * Send one mail. Return recipients that the server did not take.
   * @throws DeliveryError, or the error of the connection
   */
  async #mail(
    to: readonly string[],
    batch: readonly Transition[],
    { recall, signal }: SendContext,
    remember: Map<string, string | undefined>,
  ): Promise<readonly RejectedRecipient[]> {
    const told = fold(batch);
    const messageId = messageIdOf((batch[0] as Transition).key);
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
      const sent = await transport.sendMail({
        from: this.#settings.from,
        to: [...to],
        subject: `[auralis] ${summary(told)}`,
        text: `${told.map((one) => `${headline(one)}\n${body(one)}\n${new Date(one.at).toISOString()}\n`).join('\n')}\n${this.#teller.url()}\n`,
        messageId,
        ...(references.length === 0 ? {} : { references, inReplyTo: references[0] as string }),
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auralis-Keys': batch.map(({ key }) => key).join(' ') },
      });
      return rejectedOf(sent);
    } catch (error) {
      const rejected = rejectedOf(error);
      if (rejected.length > 0) return rejected;
      throw deliveryError(error);
    } finally {
      transport.close();
    }
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

/** 5xx is final for this mail; 4xx asks to try again (RFC 5321, 4.2.1). A failed login may be repaired. */
function deliveryError(error: unknown): unknown {
  const { responseCode, response, code } = error as { responseCode?: number; response?: string; code?: string };
  if (responseCode === undefined || response === undefined) return error;
  return new DeliveryError(`answered ${response.slice(0, 200)}`, { isFinal: responseCode >= 550 && code !== 'EAUTH' });
}

/** Fields of nodemailer about single recipients, in its result and in its error if nobody gets the mail. */
function rejectedOf(told: unknown): readonly RejectedRecipient[] {
  return (told as { rejectedErrors?: readonly RejectedRecipient[] }).rejectedErrors ?? [];
}

/** `a@ops.test`, also of `Anna <a@ops.test>`. */
const addressIn = (recipient: string) => /<([^<>]+)>\s*$/.exec(recipient)?.[1] ?? recipient.trim();

function messageIdOf(key: string): string {
  return `<${key.replace(/[^A-Za-z0-9._-]/g, '.')}@auralis-hub>`;
}
