import { STATUS_CODES } from 'node:http';
import { z } from '@hono/zod-openapi';

/** Thrown by a route: answered as a problem document. `message` says what is wrong and how to mend it. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  /** Beside the document. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.status = status;
    this.headers = headers;
  }
}

/** An error answer: a problem document of RFC 9457. */
export function problem(status: number, detail: string, headers: Readonly<Record<string, string>> = {}): Response {
  const body = { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail };
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, 'content-type': 'application/problem+json' },
  });
}

export const problemSchema = z
  .object({
    type: z.string().openapi({ description: 'Always about:blank: the status says what kind of problem it is' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().openapi({ description: 'What is wrong: the place, what was found, what is allowed' }),
  })
  .openapi('Problem', { description: 'A problem document, RFC 9457' });

/** Detail of 429: the hub has places, but not for this address or token. */
export const OVER_SHARE = 'this address or token holds its share of the places of this kind (--max-share-percent)';

/** Documents the errors of a route: when each status is answered. */
export function problems<Status extends number>(reasons: Readonly<Record<Status, string>>) {
  const content = { 'application/problem+json': { schema: problemSchema } };
  const entries = Object.entries<string>(reasons).map(([status, description]) => [status, { description, content }]);
  return Object.fromEntries(entries) as { [_ in Status]: { description: string; content: typeof content } };
}
