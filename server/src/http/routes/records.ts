import { DecodeError, decodeRecords, MAX_BODY_BYTES, MAX_EVENTS } from '@auralis/shared';
import { z } from '@hono/zod-openapi';
import type { Holders } from '../../limits/places.js';
import { assertStream, forRole } from '../access.js';
import { type Api, type Asker, addUncheckedRoute } from '../api.js';
import { OVER_SHARE, Problem, problems } from '../problem.js';
import type { Slicer } from '../slicer.js';
import { checkStreamName, streamParameter } from './sockets.js';

/** Takes records of a stream, as decoded: one or a list of them. */
export interface RecordIntake {
  /** JSON Schema of a record. */
  readonly recordSchema: object;
  takeSteps(
    stream: string,
    found: unknown,
    holders: Holders,
    now: () => number,
  ): Generator<void, object | 'no records' | 'too many records' | 'too many streams' | 'over share'>;
}

export interface RecordsContext {
  readonly now: () => number;
  readonly slices: Slicer;
}

/** A route that takes records. `records`: the last part of its path, and what they are called. */
export interface RecordsRoute {
  readonly records: string;
  readonly schemaName: string;
  readonly tag: string;
  readonly summary: string;
  readonly intake: RecordIntake;
}

/** The text or bytes that a body of each type is decoded from. */
const READERS: Readonly<Record<string, (body: Uint8Array) => string | Uint8Array>> = {
  'application/json': (body) => new TextDecoder('utf-8', { fatal: true }).decode(body),
  'application/msgpack': (body) => body,
};

export const acceptedSchema = z
  .object({
    accepted: z.int(),
    refused: z.int(),
    errors: z
      .array(z.object({ index: z.int(), code: z.string(), message: z.string() }))
      .openapi({ description: 'The first of those refused, by their place in the list' }),
  })
  .openapi('Accepted');

/** `POST /api/v1/streams/{stream}/<records>`: records of a stream, in JSON or MessagePack. */
export function addRecordsRoute(app: Api, { now, slices }: RecordsContext, wanted: RecordsRoute): void {
  const { records, schemaName, tag, summary, intake } = wanted;
  const record = z.looseObject({}).openapi(schemaName, intake.recordSchema);
  const schema = z.union([record, z.array(record)]);
  const route = {
    method: 'post' as const,
    path: `/api/v1/streams/{stream}/${records}`,
    ...forRole('publisher'),
    tags: [tag],
    summary,
    description: 'Each is checked by itself: those that are refused take none of the others with them.',
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
        400: `The body has no ${records}, or the stream has no possible name`,
        403: 'Pages of this origin may not send',
        413: `More than ${MAX_EVENTS} ${records}, or ${MAX_BODY_BYTES} bytes`,
        415: 'A body of another type',
        429: OVER_SHARE,
        503: 'The hub has too many streams',
      }),
    },
  };
  // Not checked by a schema: the hub's own reader does it, and tells each record by itself what is wrong with it.
  addUncheckedRoute(app, route, async (c) => {
    const stream = c.req.param('stream') ?? '';
    checkStreamName(stream);
    const asker = c.env as Asker;
    assertStream(asker, stream);
    const read = readerOf(c.req.header('content-type') ?? '', new Uint8Array(await c.req.arrayBuffer()));
    const answer = await slices.run(taken(intake, stream, read, asker.holders, now));
    switch (answer) {
      case 'no records':
        throw new Problem(400, `${records} are maps with a type; send one or a list of them`);
      case 'too many records':
        throw new Problem(413, `more than ${MAX_EVENTS} ${records} at once`);
      case 'too many streams':
        throw new Problem(503, 'the hub has too many streams');
      case 'over share':
        throw new Problem(429, OVER_SHARE);
      default:
        return c.json(answer, 202);
    }
  });
}

/** Read the text, decode all records, then take them. @throws Problem */
function* taken(
  intake: RecordIntake,
  stream: string,
  read: () => string | Uint8Array,
  holders: Holders,
  now: () => number,
) {
  const wire = read();
  yield;
  let found: unknown;
  try {
    found = yield* decodeRecords(wire, MAX_EVENTS);
  } catch (error) {
    if (error instanceof DecodeError) throw new Problem(400, error.message);
    throw error;
  }
  return yield* intake.takeSteps(stream, found, holders, now);
}

/** Return what reads the body. @throws Problem for a type that has no reader */
function readerOf(contentType: string, body: Uint8Array): () => string | Uint8Array {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  const read = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (read === undefined) throw new Problem(415, `content-type: ${Object.keys(READERS).join(' or ')}`);
  return () => {
    try {
      return read(body);
    } catch {
      throw new Problem(400, 'the body is not UTF-8');
    }
  };
}
