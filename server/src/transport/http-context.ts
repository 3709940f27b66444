import type { AnswerContext } from './answer.js';
import { ByteBudget } from './byte-budget.js';
import type { HttpLimits } from './http-limits.js';
import type { TransportOptions } from './transport.js';

/** Plain HTTP of one transport: its limits, and what they bound. */
export interface HttpContext extends AnswerContext {
  readonly limits: HttpLimits;
  /** Bytes of request bodies that are held. */
  readonly bodies: ByteBudget;
}

export function createHttpContext({ fetch, http: limits, headers, onError }: TransportOptions): HttpContext {
  return {
    fetch,
    limits,
    headers,
    onError,
    bodies: new ByteBudget(limits.maxBodiesBytes, limits.maxBodiesBytesPerAddress),
    unread: new ByteBudget(limits.maxUnreadBytes, limits.maxUnreadBytesPerAddress),
  };
}
