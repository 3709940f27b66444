import { MAX_CMCD_BYTES, MAX_EVENTS } from '@auralis/shared';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Holders } from '../../limits/places.js';
import { assertStream, forRole } from '../access.js';
import { type Api, type Asker, addUncheckedRoute } from '../api.js';
import { OVER_SHARE, Problem, problems } from '../problem.js';
import type { Slicer } from '../slicer.js';
import { acceptedSchema } from './records.js';
import { checkStreamName } from './sockets.js';

/** Takes CMCD records, each a line. */
export interface CmcdIntake {
  takeSteps(
    lines: readonly string[],
    stream: string | null,
    from: { readonly address: string; readonly holders: Holders },
    now: () => number,
  ): Generator<void, object | 'no records' | 'too many records' | 'too many streams' | 'over share'>;
}

export interface CmcdContext {
  readonly cmcd: CmcdIntake;
  readonly now: () => number;
  readonly slices: Slicer;
}

const PATH = '/api/v1/cmcd';
/** The second is what players sent before the first was registered. */
const MEDIA_TYPES = ['application/cmcd', 'text/cmcd'];

const query = z.object({
  CMCD: z.string().optional().openapi({ description: 'One record, instead of a body' }),
  stream: z.string().optional().openapi({ description: 'The stream they are of; without it, that of each `cid`' }),
});

/**
 * `/api/v1/cmcd`: players without our SDK tell of themselves, in Common Media Client Data (CTA-5004-B). Like
 * `/listen`, it takes what pages of any origin send: that is where players are.
 */
export function addCmcdRoutes(app: Api, { cmcd, now, slices }: CmcdContext): void {
  const route = {
    path: PATH,
    ...forRole('listener'),
    tags: ['connections'],
    description: 'Each record is checked by itself: those that are refused take none of the others with them.',
    responses: {
      202: {
        description: 'How many were taken, and why the others were not',
        content: { 'application/json': { schema: acceptedSchema } },
      },
      ...problems({
        400: 'There is no record, or the stream has no possible name',
        413: `More than ${MAX_EVENTS} records, or ${MAX_CMCD_BYTES} bytes`,
        415: 'A body of another type',
        429: OVER_SHARE,
        503: 'The hub has too many streams',
      }),
    },
  };
  const answer = async (c: Context) => {
    const stream = c.req.query('stream') ?? null;
    const asker = c.env as Asker;
    if (stream !== null) checkStreamName(stream);
    assertStream(asker, stream);
    const taken = await slices.run(cmcd.takeSteps(await linesOf(c), stream, asker, now));
    switch (taken) {
      case 'no records':
        throw new Problem(400, 'there is no record');
      case 'too many records':
        throw new Problem(413, `more than ${MAX_EVENTS} records at once`);
      case 'too many streams':
        throw new Problem(503, 'the hub has too many streams');
      case 'over share':
        throw new Problem(429, OVER_SHARE);
      default:
        return c.json(taken, 202);
    }
  };
  const summary = 'What a player says of itself, in CMCD';
  addUncheckedRoute(app, { ...route, method: 'get', summary, request: { query } }, answer);
  const body = { content: Object.fromEntries(MEDIA_TYPES.map((type) => [type, { schema: z.string() }])) };
  addUncheckedRoute(app, { ...route, method: 'post', summary, request: { query, body } }, answer);
}

/** @throws Problem */
async function linesOf(c: Context): Promise<readonly string[]> {
  const single = c.req.query('CMCD');
  if (single !== undefined) return [single];
  if (c.req.method === 'GET') throw new Problem(400, 'CMCD: one record, as in ?CMCD=bl%3D2000%2Csid%3D%22a%22');
  const type = (c.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (!MEDIA_TYPES.includes(type)) throw new Problem(415, `content-type: ${MEDIA_TYPES[0]}, or ?CMCD= without a body`);
  const body = await c.req.arrayBuffer();
  if (body.byteLength > MAX_CMCD_BYTES) throw new Problem(413, `more than ${MAX_CMCD_BYTES} bytes at once`);
  const lines = new TextDecoder().decode(body).split('\n').map(withoutReturn);
  while (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new Problem(400, 'there is no record: each is a line');
  return lines;
}

const withoutReturn = (line: string) => (line.endsWith('\r') ? line.slice(0, -1) : line);
