import { MAX_BODY_BYTES, MAX_EVENTS, MsgpackError, readMsgpack } from '@auralis/shared';
import { z } from '@hono/zod-openapi';
import { type Api, addUncheckedRoute } from '../api.js';
import type { Guard } from '../guard.js';
import { Problem, problems } from '../problem.js';
import { checkStreamName, streamParameter } from './sockets.js';

/** Takes an engine's events, as decoded: one or a list of them. */
export interface EventIntake {
  /** What one event may be, as JSON Schema. */
  readonly eventSchema: object;
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

const acceptedSchema = z
  .object({
    accepted: z.int(),
    refused: z.int(),
    errors: z
      .array(z.object({ index: z.int(), code: z.string(), message: z.string() }))
      .openapi({ description: 'The first of those refused, by their place in the list' }),
  })
  .openapi('Accepted');

/** `POST /api/v1/streams/{stream}/events`: what `/publish` takes, for an engine without a socket. */
export function addEventsRoutes(app: Api, { engines, guard, now }: EventsContext): void {
  const event = z.looseObject({}).openapi('EngineEvent', engines.eventSchema);
  const schema = z.union([event, z.array(event)]);
  const route = {
    method: 'post' as const,
    path: '/api/v1/streams/{stream}/events',
    tags: ['engines'],
    summary: 'Events of an engine: one, or a list of them',
    description: 'Each event is checked by itself: those that are refused take none of the others with them.',
    request: {
      params: streamParameter,
      body: { content: { 'application/json': { schema }, 'application/msgpack': { schema } }, required: true },
    },
    responses: {
      202: {
        description: 'How many were taken, and why the others were not',
        content: { 'application/json': { schema: acceptedSchema } },
      },
      ...problems({
        400: 'The body is no event, or the stream has no possible name',
        403: 'Pages of this origin may not send',
        413: `More than ${MAX_EVENTS} events, or ${MAX_BODY_BYTES} bytes`,
        415: 'A body of another type',
        503: 'The hub has too many streams',
      }),
    },
  };
  // Not checked by a schema: the reader of `/publish` does it, and tells each event by itself what is wrong with it.
  addUncheckedRoute(app, route, async (c) => {
    // A page of another origin cannot ask for the answer, but could send what needs no permission to be sent.
    if (!guard.mayRead(c.req.header('origin') ?? null, c.req.header('host') ?? null))
      throw new Problem(403, 'pages of this origin may not send here');
    const stream = c.req.param('stream') ?? '';
    checkStreamName(stream);
    const found = readBody(c.req.header('content-type') ?? '', new Uint8Array(await c.req.arrayBuffer()));
    const answer = engines.take(stream, found, now());
    switch (answer) {
      case 'not events':
        throw new Problem(400, 'an event is a map with a type; send one or a list of them');
      case 'too many events':
        throw new Problem(413, `more than ${MAX_EVENTS} events at once`);
      case 'too many streams':
        throw new Problem(503, 'the hub has too many streams');
      default:
        return c.json(answer, 202);
    }
  });
}

/** @throws Problem */
function readBody(contentType: string, body: Uint8Array): unknown {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  const read = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (read === undefined) throw new Problem(415, `content-type: ${Object.keys(READERS).join(' or ')}`);
  try {
    return read(body);
  } catch (error) {
    throw new Problem(400, error instanceof MsgpackError ? error.message : 'the body is not JSON');
  }
}
