import { DEFAULT_RAISED_ALERT_S, MAX_RAISED_ALERT_S, STREAM_NAME, show } from '@auralis/shared';
import { z } from '@hono/zod-openapi';
import { SEVERITIES } from '../../alerts/alert.js';
import { named } from '../parameters.js';

const MAX_LABELS = 16;
/** A silence is for a while: what nobody wants to hear of again is a rule to be left out. */
export const MAX_SILENCE_S = 365 * 86_400;

const line = (most: number) =>
  z
    .string({ error: ({ input }) => `text, not ${input === undefined ? 'nothing' : show(input)}` })
    .trim()
    .min(1, 'text, not nothing')
    .max(most, `${most} characters at most`);
const labelName = z.string().regex(/^[a-z][a-z0-9_]{0,31}$/, 'a name of a–z 0–9 _, 32 characters at most');
const labels = z
  .record(labelName, line(200))
  .refine((given) => Object.keys(given).length <= MAX_LABELS, `${MAX_LABELS} at most`);

const stream = z.string().regex(STREAM_NAME, 'a stream name is 1 to 64 of A–Z a–z 0–9 . _ -').optional();
const seconds = (most: number) =>
  z
    .int({ error: ({ input }) => `a whole number from 1 to ${most}, not ${show(input)}` })
    .min(1, '1 at least')
    .max(most, `${most} at most`)
    .optional();

export const raisedSchema = named({
  severity: z.enum(SEVERITIES, { error: ({ input }) => `one of ${SEVERITIES.join(', ')}, not ${show(input)}` }),
  title: line(200),
  message: line(2000),
  stream,
  labels: labels.default({}).openapi({ description: 'What it is about, for routes and silences' }),
  key: line(200)
    .optional()
    .openapi({ description: 'Names the alert within its stream, to raise it again and to resolve it' }),
  lastsS: seconds(MAX_RAISED_ALERT_S).openapi({
    description: `Seconds until it is over if nobody raises it again; ${DEFAULT_RAISED_ALERT_S} unless given`,
  }),
}).openapi('RaisedAlert');

export const keySchema = named({ key: line(200), stream }).openapi('AlertKey');
export const resolvedSchema = z
  .object({ resolved: z.int().openapi({ description: 'Alerts that are resolved by this: 1, or 0 if none fired' }) })
  .openapi('ResolvedAlerts');

export const silenceRequestSchema = named({
  matchers: labels
    .refine((given) => Object.keys(given).length > 0, 'one at least')
    .openapi({
      description: '`rule`, `severity`, or a label such as `stream`, and its value: an alert matches that has them all',
      example: { rule: 'listener-latency', stream: 'main' },
    }),
  author: line(100),
  reason: line(500),
  endsAt: z.iso.datetime({ offset: true, error: 'a time such as 2026-01-31T18:00:00Z' }).optional(),
  lastsS: seconds(MAX_SILENCE_S).openapi({ description: 'Instead of `endsAt`: seconds from now' }),
}).openapi('SilenceRequest');

export const silenceSchema = z
  .object({
    id: z.string(),
    matchers: z.record(z.string(), z.string()),
    author: z.string(),
    reason: z.string(),
    createdAt: z.iso.datetime(),
    endsAt: z.iso.datetime(),
    covers: z.int().openapi({ description: 'Alerts that fire and lie under it now' }),
  })
  .openapi('Silence');

export const json = <Schema extends z.ZodType>(schema: Schema) => ({ 'application/json': { schema } });
export const byId = z.object({ id: z.string().openapi({ description: 'Its `id` in the list' }) });
