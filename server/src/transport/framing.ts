import type { RawRequest, Refusal } from './web.js';

/**
 * Refuse a request if its end or its host is not certain, or return null. A proxy may have decided otherwise than the
 * hub's parser, and a stranger's bytes would become another client's request.
 */
export function framingFault({ headers }: RawRequest): Refusal | null {
  const message = faultOf(headers);
  return message === null ? null : { refuse: 400, message };
}

function faultOf(headers: RawRequest['headers']): string | null {
  const of = (wanted: string) => headers.flatMap(([name, value]) => (name === wanted ? [value] : []));
  const [length, ...lengths] = of('content-length');
  const [encoding, ...encodings] = of('transfer-encoding');
  if (of('host').length > 1) return 'Host: one, not several';
  if (lengths.length > 0) return 'Content-Length: one, not several';
  if (length !== undefined && !/^\d+$/.test(length)) return 'Content-Length: a whole number';
  if (encoding === undefined) return null;
  if (encodings.length > 0 || encoding.toLowerCase() !== 'chunked') return 'Transfer-Encoding: only chunked, once';
  return length === undefined ? null : 'Content-Length or Transfer-Encoding, not both';
}
