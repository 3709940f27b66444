import { z } from '@hono/zod-openapi';
import { roundedAs } from './rounded.js';
import type { Summary } from './summary.js';

const STATES = ['ok', 'failing', 'unknown'] as const;

const checkSchema = z.object({
  name: z.string().openapi({ description: 'Key of the summary that is looked at' }),
  value: z.number().nullable().openapi({ description: 'Its figure; null where nothing was reported' }),
  limit: z
    .object({ above: z.number().optional(), below: z.number().optional() })
    .openapi({ description: 'What it must be above or below; the bound itself fails' }),
  state: z.enum(STATES),
});
export type Check = z.infer<typeof checkSchema>;

/** The spec's keys, and beside them what each check found. */
export const healthSchema = z
  .object({
    status: z.enum(['healthy', 'unhealthy', 'unknown']),
    synthesis_error_rate: z.number().nullable(),
    rtf: z.number().nullable(),
    cpu_percent: z.number().nullable(),
    checks: z.array(checkSchema),
  })
  .openapi('Status');
export type Health = z.infer<typeof healthSchema>;

/** The spec's three, each strict: a rate of failures of exactly 0.1 is too many. */
const CHECKS = [
  { name: 'synthesis_error_rate', limit: { below: 0.1 }, round: roundedAs('engines.synthesis_failure_rate') },
  { name: 'avg_rtf', limit: { above: 2 }, round: roundedAs('engines.real_time_factor') },
  { name: 'avg_cpu_percent', limit: { below: 90 }, round: roundedAs('hosts.cpu_percent') },
] as const satisfies readonly { name: keyof Summary; limit: Check['limit']; round: unknown }[];

/**
 * Judge the hub by its summary. Readings that nobody has reported are unknown, neither healthy nor unhealthy, so a
 * hub without an engine is healthy. `strict`: unknown counts as failing.
 */
export function statusOf(summary: Summary, strict: boolean): Health {
  // Rounded before they are judged, so that what is shown is what was found to be beyond its limit, or not.
  const checks = CHECKS.map(({ name, limit, round }): Check => {
    const value = round(summary[name]);
    return { name, value, limit, state: value === null ? 'unknown' : meets(value, limit) ? 'ok' : 'failing' };
  });
  const has = (state: Check['state']) => checks.some((check) => check.state === state);
  const figure = (name: keyof Summary) => checks.find((check) => check.name === name)?.value ?? null;
  return {
    status: has('failing') || (strict && has('unknown')) ? 'unhealthy' : has('ok') ? 'healthy' : 'unknown',
    synthesis_error_rate: figure('synthesis_error_rate'),
    rtf: figure('avg_rtf'),
    cpu_percent: figure('avg_cpu_percent'),
    checks,
  };
}

function meets(value: number, { above, below }: Check['limit']): boolean {
  return (above === undefined || value > above) && (below === undefined || value < below);
}
