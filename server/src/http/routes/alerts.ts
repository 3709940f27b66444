import { DEFAULT_RAISED_ALERT_S, MAX_ALERT_BODY_BYTES, MAX_RAISED_ALERTS, show } from '@auralis/shared';
import { createRoute, z } from '@hono/zod-openapi';
import type { Severity } from '../../alerts/alert.js';
import type { Holders } from '../../limits/places.js';
import type { Tables } from '../../state/tables.js';
import { assertStream, forRole } from '../access.js';
import type { Api } from '../api.js';
import { boundedJson } from '../bounded-json.js';
import { OVER_SHARE, Problem, problems } from '../problem.js';
import { rowSchema } from '../row-schema.js';
import { rowOf } from '../rows.js';
import type { Slicer } from '../slicer.js';
import {
  byId,
  json,
  keySchema,
  MAX_SILENCE_S,
  raisedSchema,
  resolvedSchema,
  silenceRequestSchema,
  silenceSchema,
} from './alert-schemas.js';
import { addTable } from './tables.js';

/**
 * The keeper of alerts, as far as REST needs it. `now` is by the hub's clock; times of silences are wall times, ms.
 */
export interface AlertDesk {
  raise(
    alert: RaisedAlert,
    holders: Holders,
    now: number,
  ): { readonly id: string; readonly isNew: boolean } | 'full' | 'share';
  resolve(id: string, now: number): 'resolved' | 'unknown' | 'by a rule';
  /** False if no alert of this key fires. */
  resolveKey(key: string, stream: string | undefined, now: number): boolean;
  silence(request: SilenceRequest, now: number): Silence | null;
  unsilence(id: string, now: number): boolean;
  silences(): readonly Silence[];
  /** False where what was decided cannot be kept now. */
  kept(): Promise<boolean>;
}

interface RaisedAlert {
  readonly severity: Severity;
  readonly title: string;
  readonly message: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly key?: string | undefined;
  readonly lastsMs: number;
}

interface SilenceRequest {
  readonly matchers: Readonly<Record<string, string>>;
  readonly author: string;
  readonly reason: string;
  readonly endsAt: number;
}

interface Silence extends SilenceRequest {
  readonly id: string;
  readonly createdAt: number;
}

export interface AlertsContext {
  readonly tables: Tables;
  readonly alerts: AlertDesk;
  readonly now: () => number;
  /** Wall time of an instant of the hub's clock. */
  readonly wallOf: (at: number) => number;
  readonly slices: Slicer;
}

const REFUSED = {
  400: 'The body is not as described',
  403: 'Pages of this origin may not send',
  413: `More than ${MAX_ALERT_BODY_BYTES} bytes`,
} as const;
const NOT_KEPT = 'It is done, but the data directory takes nothing';
const tags = ['alerts'];

/** Alerts and silences. `silences` comes before `alerts/{id}`, which would take its place. */
export function addAlertRoutes(app: Api, context: AlertsContext): void {
  addSilenceRoutes(app, context);
  addTable(app, context.slices, context.tables.alerts, 'Alerts: pending, firing, and resolved in the last 5 min', [
    'state',
    'severity',
    'stream',
    'rule',
  ]);
  addRaiseRoutes(app, context);
}

function addRaiseRoutes(app: Api, { tables, alerts, now }: AlertsContext): void {
  const alert = rowSchema(tables.alerts.schema);
  const rowOfAlert = (id: string) => {
    const slot = tables.alerts.slotOf(id);
    if (slot === undefined) throw new Problem(404, 'there is no alert of this id now');
    return rowOf(tables.alerts, slot);
  };
  const raise = createRoute({
    method: 'post',
    path: '/api/v1/alerts',
    ...forRole('publisher'),
    tags,
    summary: 'Raises an alert by hand (send_alert)',
    description:
      'It fires until it is resolved, or for an hour (`lastsS`). The same key again, or without one the same severity, title and labels, is the same alert: raising it again renews its text and its time. Notifiers are told once.',
    middleware: boundedJson,
    request: { body: { content: json(raisedSchema), required: true } },
    responses: {
      200: { description: 'It fires already', content: json(alert) },
      201: { description: 'It fires now', content: json(alert) },
      ...problems({ ...REFUSED, 429: OVER_SHARE, 503: `There are too many alerts. ${NOT_KEPT}` }),
    },
  });
  app.openapi(raise, async (c) => {
    const { stream, labels: given, lastsS = DEFAULT_RAISED_ALERT_S, ...rest } = c.req.valid('json');
    const labels = stream === undefined ? given : { ...given, stream };
    assertStream(c.env, labels.stream ?? null);
    const raised = alerts.raise({ ...rest, labels, lastsMs: lastsS * 1000 }, c.env.holders, now());
    if (raised === 'share') throw new Problem(429, OVER_SHARE);
    if (raised === 'full') {
      throw new Problem(503, `all ${MAX_RAISED_ALERTS} places for alerts raised by hand are taken: resolve some`);
    }
    const row = rowOfAlert(raised.id);
    await assertKept(alerts);
    return raised.isNew ? c.json(row, 201) : c.json(row, 200);
  });
  const resolveKey = createRoute({
    method: 'post',
    path: '/api/v1/alerts/resolve',
    ...forRole('publisher'),
    tags,
    summary: 'Ends an alert that was raised by hand, by its key (resolve_alert)',
    middleware: boundedJson,
    request: { body: { content: json(keySchema), required: true } },
    responses: {
      200: { description: 'No alert of this key fires now', content: json(resolvedSchema) },
      ...problems({ ...REFUSED, 503: NOT_KEPT }),
    },
  });
  app.openapi(resolveKey, async (c) => {
    const { key, stream } = c.req.valid('json');
    assertStream(c.env, stream ?? null);
    const hasFired = alerts.resolveKey(key, stream, now());
    await assertKept(alerts);
    return c.json({ resolved: Number(hasFired) }, 200);
  });
  const resolve = createRoute({
    method: 'post',
    path: '/api/v1/alerts/{id}/resolve',
    ...forRole('admin'),
    tags,
    summary: 'Ends an alert that was raised by hand',
    request: { params: byId },
    responses: {
      200: { description: 'It is resolved', content: json(alert) },
      ...problems({
        403: REFUSED[403],
        404: 'There is none of this id now',
        409: 'It is a rule’s, which ends it',
        503: NOT_KEPT,
      }),
    },
  });
  app.openapi(resolve, async (c) => {
    const { id } = c.req.valid('param');
    const outcome = alerts.resolve(id, now());
    if (outcome === 'by a rule') {
      throw new Problem(
        409,
        'a rule raised this alert and resolves it when its reading is good; create a silence to mute it',
      );
    }
    const row = rowOfAlert(id);
    await assertKept(alerts);
    return c.json(row, 200);
  });
}

/** Wait until the change is stored, because a success must outlive the hub. @throws Problem */
async function assertKept(alerts: AlertDesk): Promise<void> {
  if (!(await alerts.kept()))
    throw new Problem(503, 'done, but not stored: the data directory takes nothing now, so a restart would lose it');
}

function addSilenceRoutes(app: Api, { tables, alerts, now, wallOf }: AlertsContext): void {
  const path = '/api/v1/alerts/silences';
  const shown = (silence: Silence) => ({
    ...silence,
    createdAt: new Date(silence.createdAt).toISOString(),
    endsAt: new Date(silence.endsAt).toISOString(),
    covers: covered(tables.alerts, silence.id),
  });
  const page = z.object({ items: z.array(silenceSchema), total: z.int(), next: z.null() }).openapi('Silences');
  const list = createRoute({
    method: 'get',
    path,
    ...forRole('viewer'),
    tags,
    summary: 'Silences that have not ended',
    responses: { 200: { description: 'Those that end last come first', content: json(page) } },
  });
  app.openapi(list, (c) => {
    const items = alerts.silences().map(shown);
    return c.json({ items, total: items.length, next: null }, 200);
  });
  const add = createRoute({
    method: 'post',
    path,
    ...forRole('admin'),
    tags,
    summary: 'Silences alerts',
    description:
      'Matching alerts are shown, marked and logged, but not sent. When the silence ends, alerts that still fire are sent. Receivers of *firing* also get *resolved*, even if a silence covers the alert by then.',
    middleware: boundedJson,
    request: { body: { content: json(silenceRequestSchema), required: true } },
    responses: {
      201: { description: 'It begins now', content: json(silenceSchema) },
      ...problems({ ...REFUSED, 503: `There are too many silences. ${NOT_KEPT}` }),
    },
  });
  app.openapi(add, async (c) => {
    const { endsAt, lastsS, ...rest } = c.req.valid('json');
    const at = now();
    const silence = alerts.silence({ ...rest, endsAt: endOf(endsAt, lastsS, wallOf(at)) }, at);
    if (silence === null) throw new Problem(503, 'there are too many silences: end some');
    await assertKept(alerts);
    return c.json(shown(silence), 201);
  });
  const end = createRoute({
    method: 'delete',
    path: `${path}/{id}`,
    ...forRole('admin'),
    tags,
    summary: 'Ends a silence',
    request: { params: byId },
    responses: {
      204: { description: 'It has ended' },
      ...problems({ 403: REFUSED[403], 404: 'There is none', 503: NOT_KEPT }),
    },
  });
  app.openapi(end, async (c) => {
    if (!alerts.unsilence(c.req.valid('param').id, now())) throw new Problem(404, 'there is no silence of this id');
    await assertKept(alerts);
    return c.body(null, 204);
  });
}

/** @throws Problem */
function endOf(endsAt: string | undefined, lastsS: number | undefined, now: number): number {
  if ((endsAt === undefined) === (lastsS === undefined)) throw new Problem(400, 'endsAt or lastsS: one of them');
  const end = endsAt === undefined ? now + (lastsS as number) * 1000 : Date.parse(endsAt);
  if (end > now && end <= now + MAX_SILENCE_S * 1000) return end;
  throw new Problem(400, `endsAt: from now on, and within ${MAX_SILENCE_S / 86_400} days, not ${show(endsAt)}`);
}

function covered(alerts: Tables['alerts'], silence: string): number {
  const at = alerts.schema.attributes.indexOf('silence');
  const { state } = alerts.schema.index;
  const firing = alerts.schema.columns[state]?.labels?.indexOf('firing');
  let count = 0;
  for (const slot of alerts.slots()) {
    if (alerts.attributesOf(slot)[at] === silence && alerts.get(slot, state) === firing) count++;
  }
  return count;
}
