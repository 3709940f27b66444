import type { AddressBudget } from '../limits/address-budget.js';
import type { HttpLimits } from './http-limits.js';
import type { RequestBody } from './request-body.js';
import { problem, problemParts, type Refusal } from './web.js';

export interface ResponseHead {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Sink of a response. Call `whole` or `begin … end`, once. */
export interface ResponseSink {
  /** Set before the response: the connection ends with it, and the response says so. */
  closesConnection: boolean;
  /**
   * Write all of it. Return how many of its bytes wait for the peer. `body: null`: no body; `contentLength` is then
   * declared, if any.
   */
  whole(head: ResponseHead, body: Uint8Array | null, contentLength: number | null): number;
  /** Write the head of a response whose length is not known. */
  begin(head: ResponseHead): void;
  /** Write a piece and return how many of its bytes wait for the peer. */
  write(piece: Uint8Array): number;
  /** Resolve when nothing waits any more; to false when the peer is gone. */
  drained(): Promise<boolean>;
  end(): void;
  /** Cut the connection: a part of a response must not look whole. */
  abort(): void;
}

/** Settings and budgets of the server that answers. */
export interface AnswerContext {
  readonly fetch: (request: Request, remoteAddress: string) => Response | Promise<Response>;
  readonly limits: Pick<HttpLimits, 'unreadGraceMs' | 'minReadBytesPerS'>;
  /** Bytes of answers that wait. */
  readonly unread: AddressBudget;
  /** Every answer has these, unless it has its own. */
  readonly headers: ResponseHead['headers'];
  readonly onError: (error: unknown) => void;
}

/** The server writes these itself. */
const OWN_HEADERS: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length']);

/** Ask `fetch` and send its answer. If it throws, answer 500, or the refusal of the body. */
export async function answer(
  request: Request | Response,
  body: RequestBody | null,
  address: string,
  sink: ResponseSink,
  context: AnswerContext,
): Promise<void> {
  try {
    const response = await ask(request, body, address, context);
    // The rest of an unread body could be endless, so the connection ends with the answer.
    if (body !== null && !body.isWhole) sink.closesConnection = true;
    body?.close();
    await sendResponse(response, request instanceof Request && request.method === 'HEAD', address, sink, context);
  } catch (error) {
    context.onError(error);
    sink.abort();
  } finally {
    body?.close();
  }
}

/** Refuse a request and end its connection, because what follows may be meant as bytes of a socket or a body. */
export function refuse(sink: ResponseSink, refusal: Refusal, { headers }: AnswerContext): void {
  const parts = problemParts(refusal.refuse, refusal.message);
  sink.closesConnection = true;
  sink.whole({ status: refusal.refuse, headers: withDefaults(parts.headers, headers) }, parts.body, null);
}

async function ask(
  request: Request | Response,
  body: RequestBody | null,
  address: string,
  { fetch, onError }: AnswerContext,
): Promise<Response> {
  if (request instanceof Response) return request;
  let response: Response | null = null;
  try {
    response = await fetch(request, address);
  } catch (error) {
    if (error !== body?.refusal) onError(error);
  }
  const refusal = body?.refusal ?? null;
  // A refused body decides, whatever `fetch` returned.
  if (refusal !== null) return problem(refusal.status, refusal.message);
  return response ?? problem(500, 'internal error: the log of the hub says more');
}

/**
 * Send a response. A body of a single piece goes out with its length. A longer one goes out piece by piece, as fast
 * as the peer reads, so that a long export takes no memory.
 */
async function sendResponse(
  response: Response,
  isHead: boolean,
  address: string,
  sink: ResponseSink,
  context: AnswerContext,
): Promise<void> {
  const own = [...response.headers].filter(([name]) => !OWN_HEADERS.has(name));
  const head = { status: response.status, headers: withDefaults(own, context.headers) };
  const hasNone = response.status === 204 || response.status === 304;
  if (isHead || hasNone || response.body === null) {
    await response.body?.cancel();
    const declared = response.headers.get('content-length');
    // Without a body and without HEAD the length is 0, and saying so keeps the connection usable.
    sink.whole(head, null, hasNone ? null : declared !== null ? Number(declared) : isHead ? null : 0);
    return;
  }
  const reader = response.body.getReader();
  const first = await reader.read();
  const second = first.done ? first : await reader.read();
  if (second.done) {
    const waiting = sink.whole(head, first.value ?? new Uint8Array(0), null);
    await untilRead(waiting, address, sink, context);
    return;
  }
  sink.begin(head);
  for (let piece: Piece = { done: false, value: first.value as Uint8Array }, next: Piece = second; !piece.done; ) {
    const waiting = piece.value.length === 0 ? 0 : sink.write(piece.value);
    if (!(await untilRead(waiting, address, sink, context))) {
      await reader.cancel();
      return;
    }
    piece = next;
    if (!piece.done) next = await reader.read();
  }
  sink.end();
}

type Piece = { readonly done: false; readonly value: Uint8Array } | { readonly done: true; readonly value?: unknown };

/** Wait until the peer has read what waits. If that is too much or takes too long, cut it off and return false. */
async function untilRead(
  waiting: number,
  address: string,
  sink: ResponseSink,
  { unread, limits }: AnswerContext,
): Promise<boolean> {
  if (waiting === 0) return true;
  if (unread.take(address, waiting) !== null) {
    sink.abort();
    return false;
  }
  const graceMs = limits.unreadGraceMs + (waiting / limits.minReadBytesPerS) * 1000;
  // A hub that ends does not wait for it.
  const late = setTimeout(() => sink.abort(), graceMs).unref();
  try {
    return await sink.drained();
  } finally {
    clearTimeout(late);
    unread.give(address, waiting);
  }
}

function withDefaults(own: ResponseHead['headers'], defaults: ResponseHead['headers']): ResponseHead['headers'] {
  return [...defaults.filter(([name]) => !own.some(([given]) => given === name)), ...own];
}
