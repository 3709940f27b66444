import { STREAM_NAME } from '@auralis/shared';
import { z } from '@hono/zod-openapi';
import { type Role, SOCKET_ROLES } from '../../auth/roles.js';
import { assertStream, forRole } from '../access.js';
import { type Api, type Asker, addUncheckedRoute } from '../api.js';
import { Problem, problems } from '../problem.js';

const STREAM_NAME_SAID = 'a stream name is 1 to 64 of A–Z a–z 0–9 . _ -';

export const streamParameter = z.object({
  stream: z.string().regex(STREAM_NAME).openapi({ description: STREAM_NAME_SAID, example: 'main' }),
});

/** @throws Problem where it is not a stream's name */
export function checkStreamName(name: string): void {
  if (!STREAM_NAME.test(name)) throw new Problem(400, STREAM_NAME_SAID);
}

/** Where the WebSockets are: documented, and answered with 426 when asked by plain HTTP. */
export function addSocketRoutes(app: Api): void {
  addSocket(
    app,
    '/api/v1/streams/{stream}/listen',
    'Listen to a stream, and report back',
    SOCKET_ROLES.listen,
    streamParameter,
  );
  addSocket(
    app,
    '/api/v1/streams/{stream}/publish',
    'Publish a stream; one engine each',
    SOCKET_ROLES.publish,
    streamParameter,
  );
  addSocket(app, '/api/v1/live', 'Tables, live', SOCKET_ROLES.live);
}

/** A stream name with a slash makes a path that no route has: it is told what a name may be. */
export function explainSocketPath(path: string): void {
  const [, name] = /^\/api\/v1\/streams\/(.*)\/(?:listen|publish)$/.exec(path) ?? [];
  if (name !== undefined) checkStreamName(name);
}

function addSocket(app: Api, path: string, summary: string, role: Role, params?: typeof streamParameter): void {
  const route = {
    method: 'get' as const,
    path,
    ...forRole(role),
    tags: ['sockets'],
    summary: `WebSocket: ${summary}`,
    description: 'What travels on it is described in shared/PROTOCOL.md.',
    ...(params === undefined ? {} : { request: { params } }),
    responses: {
      101: { description: 'Switching protocols' },
      ...problems({ 426: 'Asked without a WebSocket upgrade' }),
    },
  };
  addUncheckedRoute(app, route, (c) => {
    const stream = c.req.param('stream');
    if (stream !== undefined) {
      checkStreamName(stream);
      assertStream(c.env as Asker, stream);
    }
    throw new Problem(426, `${path.split('/').at(-1)} is a WebSocket: connect with ws:// or wss://`);
  });
}
