import type { Readable } from 'node:stream';
import { Agent, buildConnector, type Dispatcher, request } from 'undici';
import { VERSION } from '../version.js';
import { AddressGuard, type Resolve } from './addresses.js';
import { DeliveryError } from './notifier.js';

const CONNECT_TIMEOUT_MS = 5_000;
/** Bound of an answer's size and time: what a receiver has to say is short. */
const MAX_ANSWER_BYTES = 64 * 1024;
const READ_MS = 2_000;

export interface Outgoing {
  readonly method?: 'POST' | 'PATCH';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

const isUnderstood = (status: number) => status >= 200 && status < 300;

/** Sends JSON to one receiver. It follows no redirect, and connects to no address that `AddressGuard` refuses. */
export class Outbound {
  readonly #agent: Agent;
  readonly #authorization: string | null;

  /** `authorization`: header of each request whose URL has no user and whose sender brings none. */
  constructor(allowedHosts: readonly string[] = [], resolve?: Resolve, authorization: string | null = null) {
    this.#authorization = authorization;
    const guard = new AddressGuard(allowedHosts, resolve);
    const connect = buildConnector({ timeout: CONNECT_TIMEOUT_MS, lookup: guard.lookup });
    this.#agent = new Agent({
      connect: (options, callback) => {
        try {
          guard.check(options.hostname);
        } catch (error) {
          return callback(error as Error, null);
        }
        connect(options, callback);
      },
      pipelining: 0,
    });
  }

  /**
   * Resolve when a request was answered 2xx.
   * @throws DeliveryError for other answers; final if the receiver refuses the message itself
   */
  async send(url: string, outgoing: Outgoing): Promise<void> {
    const { body } = await this.#request(url, outgoing);
    // Read the answer to its end, so that the connection serves the next request.
    void readText(body);
  }

  /**
   * Send and return as much of the answer as came in time.
   * @throws DeliveryError
   */
  async ask(url: string, outgoing: Outgoing): Promise<string> {
    const { body } = await this.#request(url, outgoing);
    return readText(body);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #request(url: string, { method = 'POST', headers, body, signal }: Outgoing): Promise<Dispatcher.ResponseData> {
    const { href, authorization = this.#authorization } = withoutUser(url);
    const response = await request(href, {
      dispatcher: this.#agent,
      method,
      headers: {
        'content-type': 'application/json',
        'user-agent': `auralis-hub/${VERSION}`,
        ...(authorization === null ? {} : { authorization }),
        ...headers,
      },
      body,
      signal,
    });
    const status = response.statusCode;
    if (isUnderstood(status)) return response;
    const text = await readText(response.body);
    if (status >= 300 && status < 400)
      throw new DeliveryError(`answered ${status}: redirects are not followed`, { status });
    const retryAfter = response.headers['retry-after'];
    throw new DeliveryError(`answered ${status}${saidBy(text)}`, {
      status,
      isFinal: FINAL.has(status),
      retryAfterMs: parseRetryAfter(Array.isArray(retryAfter) ? retryAfter[0] : retryAfter, Date.now()),
    });
  }
}

/** Return the header for a user and a password (RFC 7617). */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** Split `user:password@` from a URL, which no request line may carry, and return it as a header. */
function withoutUser(url: string): { readonly href: string; readonly authorization?: string } {
  const bare = new URL(url);
  const { username, password } = bare;
  if (username === '' && password === '') return { href: url };
  bare.username = '';
  bare.password = '';
  return { href: bare.href, authorization: basic(decoded(username), decoded(password)) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that stands for itself.
    return text;
  }
}

/** Bad Request, Content Too Large, Unprocessable Content: faults of this message, not of the receiver. */
const FINAL: ReadonlySet<number> = new Set([400, 413, 422]);

/** Read seconds, or a date (RFC 9110, 10.2.3). Return null if there is none, or it cannot be read. */
export function parseRetryAfter(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  if (/^\d+(\.\d+)?$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** Return as much as came in time. The status counts even if the body drips or breaks off. */
async function readText(body: Readable): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(() => body.destroy(), READ_MS);
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes >= MAX_ANSWER_BYTES) break;
    }
  } catch {
    // Cut off.
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(pieces).toString('utf8', 0, MAX_ANSWER_BYTES);
}

/**
 * Return the word for a fault that Slack, Discord, PagerDuty and Alertmanager give. Nothing else of an answer is
 * shown.
 */
function saidBy(text: string): string {
  if (/^[a-z_]{1,60}$/.test(text)) return `: ${text}`;
  try {
    const { error, message } = JSON.parse(text) as Record<string, unknown>;
    const said = [error, message].find((one) => typeof one === 'string');
    return said === undefined ? '' : `: ${(said as string).slice(0, 200)}`;
  } catch {
    return '';
  }
}
