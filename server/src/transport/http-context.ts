import { AddressBudget } from '../limits/address-budget.js';
import type { AnswerContext } from './answer.js';
import type { HttpLimits } from './http-limits.js';
import { RequestPacer } from './request-pacer.js';
import type { TransportOptions } from './transport.js';

/** Plain HTTP of one transport: its limits, and what they bound. */
export interface HttpContext extends AnswerContext {
  readonly scheme: 'http' | 'https';
  readonly limits: HttpLimits;
  /** Bytes of request bodies that are held. */
  readonly bodies: AddressBudget;
  readonly pacer: RequestPacer;
}

export function createHttpContext(options: TransportOptions): HttpContext {
  const { fetch, http: limits, headers, onError, certificate = null } = options;
  return {
    scheme: certificate === null ? 'http' : 'https',
    fetch,
    limits,
    headers,
    onError,
    pacer: new RequestPacer(),
    bodies: new AddressBudget({ perAddress: limits.maxBodiesBytesPerAddress, total: limits.maxBodiesBytes }),
    unread: new AddressBudget({ perAddress: limits.maxUnreadBytesPerAddress, total: limits.maxUnreadBytes }),
  };
}
