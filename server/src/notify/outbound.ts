import { Agent, buildConnector, request } from 'undici';
import { VERSION } from '../version.js';
import { AddressGuard, type Resolve } from './addresses.js';
import { DeliveryError } from './notifier.js';

const CONNECT_TIMEOUT_MS = 5_000;
/** Of an answer no more is read: what a receiver has to say is short. */
const MAX_ANSWER_BYTES = 64 * 1024;

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface Outgoing {
  readonly method?: 'POST' | 'PATCH';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** Sends JSON to one receiver. No redirect is followed, and no address connected to that `AddressGuard` refuses. */
export class Outbound {
  readonly #agent: Agent;

  constructor(allowedHosts: readonly string[] = [], resolve?: Resolve) {
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
   * The answer to a request that was understood, 2xx.
   * @throws DeliveryError for any other: final where the receiver refuses the message itself
   */
  async send(url: string, { method = 'POST', headers, body, signal }: Outgoing): Promise<Answer> {
    const response = await request(url, {
      dispatcher: this.#agent,
      method,
      headers: { 'content-type': 'application/json', 'user-agent': `auralis-hub/${VERSION}`, ...headers },
      body,
      signal,
    });
    const status = response.statusCode;
    const text = await readText(response.body);
    if (status >= 200 && status < 300) return { status, text };
    if (status >= 300 && status < 400)
      throw new DeliveryError(`answered ${status}: redirects are not followed`, { status });
    const retryAfter = response.headers['retry-after'];
    throw new DeliveryError(`answered ${status}${saidBy(text)}`, {
      status,
      isFinal: FINAL.has(status),
      retryAfterMs: parseRetryAfter(Array.isArray(retryAfter) ? retryAfter[0] : retryAfter, Date.now()),
    });
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** Bad Request, Content Too Large, Unprocessable Content: of this message, not of this receiver. */
const FINAL: ReadonlySet<number> = new Set([400, 413, 422]);

/** Seconds, or a date (RFC 9110, 10.2.3). Null where there is none, or it cannot be read. */
export function parseRetryAfter(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  if (/^\d+(\.\d+)?$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes >= MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(pieces).toString('utf8', 0, MAX_ANSWER_BYTES);
}

/** The word for what is wrong that Slack, Discord, PagerDuty and Alertmanager give; nothing else of an answer is shown. */
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
