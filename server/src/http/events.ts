import { MAX_EVENTS, MsgpackError, readMsgpack, STREAM_NAME } from '@auralis/shared';
import type { Hono } from 'hono';
import type { Guard } from './guard.js';
import { problem } from './problem.js';

/** Takes an engine's events, as decoded: one or a list of them. */
export interface EventIntake {
  take(stream: string, found: unknown, now: number): object | 'not events' | 'too many events' | 'too many streams';
}

export interface EventsContext {
  readonly engines: EventIntake;
  readonly guard: Guard;
  readonly now: () => number;
}

const READERS: Readonly<Record<string, (body: Uint8Array) => unknown>> = {
  'application/json': (body) => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)),
  'application/msgpack': (body) => readMsgpack(body),
};

/**
 * `POST /api/v1/streams/{stream}/events`: what `/publish` takes, for an engine without a socket. Answers 202 with
 * `{accepted, refused, errors: [{index, code, message}]}`; 400, 413 or 415 where the body is nothing of the kind.
 */
export function addEventsRoute(app: Hono, { engines, guard, now }: EventsContext): void {
  app.post('/api/v1/streams/:stream/events', async (c) => {
    // A page of another origin cannot ask for the answer, but could send what needs no permission to be sent.
    if (!guard.mayRead(c.req.header('origin') ?? null, c.req.header('host') ?? null))
      return problem(403, 'pages of this origin may not send here');
    const stream = c.req.param('stream');
    if (!STREAM_NAME.test(stream)) return problem(400, 'a stream name is 1 to 64 of A–Z a–z 0–9 . _ -');
    const type = (c.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    const read = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
    if (read === undefined) return problem(415, `content-type: ${Object.keys(READERS).join(' or ')}`);
    let found: unknown;
    try {
      found = read(new Uint8Array(await c.req.arrayBuffer()));
    } catch (error) {
      return problem(400, error instanceof MsgpackError ? error.message : 'the body is not JSON');
    }
    const answer = engines.take(stream, found, now());
    switch (answer) {
      case 'not events':
        return problem(400, 'an event is a map with a type; send one or a list of them');
      case 'too many events':
        return problem(413, `more than ${MAX_EVENTS} events at once`);
      case 'too many streams':
        return problem(503, 'the hub has too many streams');
      default:
        return c.json(answer, 202);
    }
  });
}
