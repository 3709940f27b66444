import { createRoute, z } from '@hono/zod-openapi';
import { forRole } from '../access.js';
import type { Api } from '../api.js';

/** State of a notifier. Times are ms since 1970. */
interface NotifierState extends Omit<z.infer<typeof notifierSchema>, TimeField> {
  readonly lastSuccessAt: number | null;
  readonly lastErrorAt: number | null;
  readonly nextAttemptAt: number | null;
}
type TimeField = 'lastSuccessAt' | 'lastErrorAt' | 'nextAttemptAt';

export interface NotifiersContext {
  readonly notifiers: { states(): readonly NotifierState[] };
}

const count = (help: string) => z.int().min(0).describe(help);
const time = (help: string) => z.iso.datetime().nullable().describe(`${help}; null where there is none`);

const notifierSchema = z.object({
  id: z.string().describe('Its name in the config file'),
  type: z.string(),
  target: z.string().describe('Host, channel or file that it tells; nothing secret'),
  state: z.enum(['ok', 'failing']).describe('failing: from a failure until the next success'),
  pending: count('Changes of alerts that wait to be told'),
  sent: count('Told since the hub started'),
  failures: count('Attempts that did not succeed since the hub started; they are tried again'),
  dropped: count('Never told, because the outbox was full'),
  givenUp: count('Never told, because the receiver refused them for good'),
  lastSuccessAt: time('The last success'),
  lastErrorAt: time('The last failure'),
  lastError: z.string().nullable(),
  nextAttemptAt: time('When it is tried next, after a failure or within its minimum interval'),
});

const listSchema = z.object({ items: z.array(notifierSchema), total: z.int(), next: z.null() });

/** `GET /api/v1/notifiers`: who is told of alerts, what waits for whom, and what went wrong last. */
export function addNotifierRoutes(app: Api, { notifiers }: NotifiersContext): void {
  const route = createRoute({
    method: 'get',
    path: '/api/v1/notifiers',
    ...forRole('viewer'),
    tags: ['alerts'],
    summary: 'Notifiers and how they fare',
    responses: { 200: { description: 'Notifiers', content: { 'application/json': { schema: listSchema } } } },
  });
  app.openapi(route, (c) => {
    const items = notifiers.states().map((state) => ({
      ...state,
      lastSuccessAt: iso(state.lastSuccessAt),
      lastErrorAt: iso(state.lastErrorAt),
      nextAttemptAt: iso(state.nextAttemptAt),
    }));
    return c.json({ items, total: items.length, next: null }, 200);
  });
}

const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString());
