import type { Transition } from '../../alerts/alert.js';
import { body, clip, colorOf, fold, headline, summary, type Told } from '../message-text.js';
import { DeliveryError, type Notifier, type SendContext, type Sent, type Teller } from '../notifier.js';
import type { Outbound } from '../outbound.js';

export interface SlackSettings {
  /** A bot's token with `chat:write`, and the channel it is in. */
  readonly bot: { readonly token: string; readonly channel: string; readonly apiUrl: string } | null;
  /** An incoming webhook, if there is no bot. It cannot edit its messages. */
  readonly url: string | null;
}

/** The message of an alert. `isShared`: the message is about others too, and is not edited for one of them. */
interface Post {
  readonly channel: string;
  readonly ts: string;
  readonly isShared: boolean;
}

/** Slack folds more attachments than this. */
const MAX_ALERTS = 20;
/** Slack cuts at 40,000 characters and asks for less than 4,000. */
const MAX_TEXT = 3_000;
const MAX_BODY = 1_000;
const MAX_TITLE = 250;

/** Slack's errors for a message that it will never take. */
const FINAL_ERRORS: ReadonlySet<string> = new Set(['invalid_attachments', 'invalid_blocks', 'msg_too_long', 'no_text']);
/** Slack's errors for a message that cannot be edited any more. */
const NO_UPDATE: ReadonlySet<string> = new Set(['cant_update_message', 'edit_window_closed', 'message_not_found']);

/**
 * Slack. With a bot's token, the message of an alert is edited when it is resolved. If one message was about several
 * alerts, the end of one goes into its thread. An incoming webhook posts a second message.
 */
export class Slack implements Notifier {
  readonly maxBatch = MAX_ALERTS;
  readonly #settings: SlackSettings;
  readonly #outbound: Outbound;
  readonly #teller: Teller;

  constructor(settings: SlackSettings, outbound: Outbound, teller: Teller) {
    this.#settings = settings;
    this.#outbound = outbound;
    this.#teller = teller;
  }

  async send(batch: readonly Transition[], context: SendContext): Promise<Sent> {
    const told = fold(batch);
    if (this.#settings.bot === null) {
      await this.#outbound.send(this.#settings.url as string, {
        body: JSON.stringify(this.#message(told)),
        signal: context.signal,
      });
      return {};
    }
    const remember = new Map<string, Post | undefined>();
    const fresh: Told[] = [];
    const threads = new Map<string, { post: Post; told: Told[] }>();
    for (const one of told) {
      const post = context.recall(one.alert.id) as Post | undefined;
      if (post === undefined) fresh.push(one);
      else if (post.isShared || !(await this.#update(post, one, context))) {
        const thread = threads.get(post.ts) ?? { post, told: [] };
        thread.told.push(one);
        threads.set(post.ts, thread);
      }
      if (one.state === 'resolved') remember.set(one.alert.id, undefined);
    }
    for (const { post, told: replies } of threads.values()) {
      await this.#call(
        'chat.postMessage',
        { channel: post.channel, thread_ts: post.ts, ...this.#message(replies) },
        context,
      );
    }
    if (fresh.length > 0) {
      const posted = await this.#call(
        'chat.postMessage',
        { channel: this.#settings.bot.channel, ...this.#message(fresh) },
        context,
      );
      const post = { channel: String(posted.channel), ts: String(posted.ts), isShared: fresh.length > 1 };
      for (const { alert, state } of fresh) if (state === 'firing') remember.set(alert.id, post);
    }
    return { remember };
  }

  close(): Promise<void> {
    return this.#outbound.close();
  }

  /** Return false if Slack does not let it be edited any more. */
  async #update({ channel, ts }: Post, told: Told, context: SendContext): Promise<boolean> {
    try {
      await this.#call('chat.update', { channel, ts, ...this.#message([told]) }, context);
      return true;
    } catch (error) {
      if (error instanceof DeliveryError && NO_UPDATE.has(error.message)) return false;
      throw error;
    }
  }

  #message(told: readonly Told[]) {
    return {
      text: clip(escaped(summary(told)), MAX_TEXT),
      // Names of listeners make no `*bold*` and fetch no page.
      mrkdwn: false,
      unfurl_links: false,
      unfurl_media: false,
      attachments: told.map((one) => ({
        color: `#${colorOf(one).toString(16).padStart(6, '0')}`,
        fallback: clip(escaped(headline(one)), MAX_TITLE),
        ...(told.length === 1 ? {} : { title: clip(escaped(headline(one)), MAX_TITLE) }),
        text: clip(escaped(body(one)), MAX_BODY),
        mrkdwn_in: [],
        footer: escaped(this.#teller.hub),
        ts: Math.floor(one.at / 1000),
      })),
    };
  }

  /** Slack answers 200 even if it refuses. */
  async #call(method: string, content: object, { signal }: SendContext): Promise<Record<string, unknown>> {
    const { apiUrl, token } = this.#settings.bot as NonNullable<SlackSettings['bot']>;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8' };
    const text = await this.#outbound.ask(`${apiUrl}/${method}`, {
      headers,
      body: JSON.stringify(content),
      signal,
    });
    const answer = parse(text);
    if (answer.ok === true) return answer;
    const error = typeof answer.error === 'string' ? answer.error.slice(0, 100) : 'an answer that is not Slack’s';
    throw new DeliveryError(error, { isFinal: FINAL_ERRORS.has(error) });
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Escape Slack's three control characters, so that names of listeners mention nobody. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
