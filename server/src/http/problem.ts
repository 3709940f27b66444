import { STATUS_CODES } from 'node:http';

/** An error answer: a problem document of RFC 9457. `detail` says what is wrong and how to mend it. */
export function problem(status: number, detail: string): Response {
  const body = { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail };
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/problem+json' } });
}
