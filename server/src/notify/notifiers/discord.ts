import type { Transition } from '../../alerts/alert.js';
import { body, clip, colorOf, fold, headline, summary, type Told } from '../message-text.js';
import { DeliveryError, type Notifier, type SendContext, type Sent, type Teller } from '../notifier.js';
import type { Outbound } from '../outbound.js';

/** Limits of Discord: embeds of a message, and characters in all of them together. */
const MAX_EMBEDS = 10;
const MAX_EMBEDS_TEXT = 6_000;
const MAX_CONTENT = 2_000;
const MAX_TITLE = 256;
const MAX_DESCRIPTION = 4_096;
const MAX_FOOTER = 100;

/**
 * Discord, by a channel's webhook. The message of an alert is edited when it is resolved, if it is about that alert
 * alone.
 */
export class Discord implements Notifier {
  readonly maxBatch = MAX_EMBEDS;
  readonly #url: URL;
  readonly #outbound: Outbound;
  readonly #teller: Teller;

  constructor(url: string, outbound: Outbound, teller: Teller) {
    this.#url = new URL(url);
    this.#outbound = outbound;
    this.#teller = teller;
  }

  async send(batch: readonly Transition[], context: SendContext): Promise<Sent> {
    const remember = new Map<string, string | undefined>();
    const fresh: Told[] = [];
    for (const one of fold(batch)) {
      const messageId = context.recall(one.alert.id);
      if (typeof messageId !== 'string' || !(await this.#edit(messageId, one, context))) fresh.push(one);
      if (one.state === 'resolved') remember.set(one.alert.id, undefined);
    }
    if (fresh.length === 0) return { remember };
    const url = new URL(this.#url);
    url.searchParams.set('wait', 'true');
    const text = await this.#outbound.ask(url.href, {
      body: JSON.stringify(this.#message(fresh)),
      signal: context.signal,
    });
    const [only] = fresh as [Told];
    if (fresh.length === 1 && only.state === 'firing') remember.set(only.alert.id, messageIdIn(text));
    return { remember };
  }

  close(): Promise<void> {
    return this.#outbound.close();
  }

  /** Return false if the message is gone. */
  async #edit(messageId: string, told: Told, { signal }: SendContext): Promise<boolean> {
    const url = new URL(this.#url);
    url.pathname = `${url.pathname.replace(/\/$/, '')}/messages/${encodeURIComponent(messageId)}`;
    try {
      await this.#outbound.send(url.href, { method: 'PATCH', body: JSON.stringify(this.#message([told])), signal });
      return true;
    } catch (error) {
      if (error instanceof DeliveryError && error.status === 404) return false;
      throw error;
    }
  }

  #message(told: readonly Told[]) {
    const footer = { text: clip(this.#teller.hub, MAX_FOOTER) };
    const share = Math.floor(MAX_EMBEDS_TEXT / told.length) - footer.text.length;
    return {
      content: clip(escaped(summary(told)), MAX_CONTENT),
      embeds: told.map((one) => {
        const title = clip(escaped(headline(one)), Math.min(MAX_TITLE, Math.floor(share / 3)));
        const description = clip(escaped(body(one)), Math.min(MAX_DESCRIPTION, share - title.length));
        return { title, description, color: colorOf(one), timestamp: new Date(one.at).toISOString(), footer };
      }),
      // Names of listeners must mention nobody.
      allowed_mentions: { parse: [] },
    };
  }
}

/** Escape a name of a listener: it makes no link and no heading, and mentions nobody. */
function escaped(text: string): string {
  return text
    .replace(/[\\`*_~|<>[\]]/g, '\\$&')
    .replace(/^([ \t]*)([#-])/gm, '$1\\$2')
    .replaceAll('://', ':\\/\\/');
}

function messageIdIn(text: string): string | undefined {
  try {
    const { id } = Object(JSON.parse(text)) as { id?: unknown };
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}
