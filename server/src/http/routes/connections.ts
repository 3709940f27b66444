import { createRoute, z } from '@hono/zod-openapi';
import type { Tables } from '../../state/tables.js';
import { forRoleOrLocal } from '../access.js';
import type { Api } from '../api.js';
import { Problem, problems } from '../problem.js';

/** Closes connections of this hub. */
export interface ConnectionCloser {
  /** false: this hub has no such connection open. */
  remove(id: string): boolean;
}

export interface ConnectionsContext {
  readonly tables: Tables;
  readonly relay: ConnectionCloser;
}

/** `DELETE /api/v1/connections/{id}` */
export function addConnectionRoutes(app: Api, { tables, relay }: ConnectionsContext): void {
  const route = createRoute({
    method: 'delete',
    path: '/api/v1/connections/{id}',
    ...forRoleOrLocal('admin'),
    tags: ['connections'],
    summary: 'Close a connection; its client does not connect again by itself',
    description:
      'Where the hub has no auth file: only for who asks from the machine that it runs on, where it stands behind no proxy.',
    request: { params: z.object({ id: z.string() }) },
    responses: {
      204: { description: 'It is being closed, with code 4105; its row stays for a minute' },
      ...problems({
        403: 'Without an auth file: who asks is not on the machine of the hub, or there is a proxy',
        404: 'There is none of this id now',
        409: 'It is closed already, or not a connection of this hub',
      }),
    },
  });
  app.openapi(route, (c) => {
    const { id } = c.req.valid('param');
    if (tables.connections.slotOf(id) === undefined) throw new Problem(404, 'there is no connection of this id now');
    if (!relay.remove(id)) throw new Problem(409, 'it is closed already, or not a connection of this hub');
    return c.body(null, 204);
  });
}
