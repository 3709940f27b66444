import { TABLE_NAMES } from '@auralis/shared';
import { z } from 'zod';
import { ConfigError, Problems } from '../config/error.js';
import { byName, type Place, within } from '../config/place.js';
import { jsonSchemaOf, readSection, section } from '../config/section.js';
import { SEVERITIES } from './alert.js';
import { BUILT_IN_RULES } from './built-in-rules.js';
import { MANUAL } from './episode.js';
import { type Rule, RuleError } from './rule.js';
import { CONDITIONS, type RuleSpec, resolveRule } from './rule-spec.js';

/** Each rule costs a scan of its table a second. */
const MAX_RULES = 200;
const MAX_SECONDS = 86_400;
const MAX_TERMS = 16;

const text = z.string().min(1).max(200);
const seconds = z.number().min(0).max(MAX_SECONDS);
const terms = z.array(text).max(MAX_TERMS);
const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'a name of 1 to 64 of A–Z a–z 0–9 . _ -')
  .refine((given) => given !== MANUAL, `a name other than "${MANUAL}", which alerts raised by hand have`);

const ruleSchema = section({
  name,
  enabled: z.boolean().optional(),
  title: text.optional(),
  help: text.optional(),
  severity: z.enum(SEVERITIES).optional(),
  table: z.enum(TABLE_NAMES as [string, ...string[]]).optional(),
  column: text.optional(),
  above: z.number().optional(),
  below: z.number().optional(),
  is: z.union([text, z.array(text).min(1)], { error: () => 'a label or a list of labels' }).optional(),
  absent: z.literal(true).optional(),
  clear: z.number().optional(),
  windowS: z.int().min(1).max(MAX_SECONDS).optional(),
  while: terms.optional(),
  unless: terms.optional(),
  insteadOf: text.optional(),
  groupBy: text.optional(),
  forS: seconds.optional(),
  clearForS: seconds.optional(),
  refireAfterS: seconds.optional(),
});

const alertsSchema = section({
  builtIn: z.boolean().default(true),
  rules: z.array(ruleSchema).max(MAX_RULES).default([]),
});

/** Return the JSON Schema of the section, draft 7. */
export const alertsJsonSchema = (): object => jsonSchemaOf(alertsSchema);

/** The `alerts` section of a config file. */
export type AlertsSection = z.input<typeof alertsSchema>;

export interface AlertSettings {
  readonly rules: readonly Rule[];
}

/**
 * Return the rules of a section: built-in ones, changed, removed and added. `place`: where the section stands, for
 * errors.
 * @throws ConfigError that lists everything that is not allowed
 */
export function readAlertSettings(found: unknown, place: Place): AlertSettings {
  const problems = new Problems();
  const { builtIn, rules } = problems.try(() => readSection(alertsSchema, found ?? {}, place)) ?? whatIsGood(found);
  const known = new Map(BUILT_IN_RULES.map((spec) => [spec.name, spec]));
  const wanted = new Map<string, { spec: RuleSpec; place: Place }>();
  if (builtIn) for (const spec of BUILT_IN_RULES) wanted.set(spec.name, { spec, place: within(byName, spec.name) });
  const seen = new Set<string>();
  for (const [at, rule] of rules.entries()) {
    if (rule === null) continue;
    const { enabled, ...given } = rule;
    const where = within(place, 'rules', at);
    if (seen.has(given.name)) problems.add(`${where(['name'])}: a second rule of the name ${given.name}`);
    seen.add(given.name);
    const base = known.get(given.name);
    if (base === undefined && (given.table === undefined || given.column === undefined)) {
      problems.add(noSuchRule(where, given));
    } else if (enabled === false) wanted.delete(given.name);
    else wanted.set(given.name, { spec: changed(base, given as RuleSpec), place: where });
  }
  const resolved = [...wanted.values()].map((each) => problems.try(() => resolve(each.spec, each.place)));
  problems.assertNone();
  return { rules: resolved as Rule[] };
}

/** Return the rules of a section that are allowed by themselves, and null for the others. */
function whatIsGood(found: unknown): { builtIn: boolean; rules: (z.output<typeof ruleSchema> | null)[] } {
  const { rules } = (found ?? {}) as { readonly rules?: unknown };
  const list: readonly unknown[] = Array.isArray(rules) && rules.length <= MAX_RULES ? rules : [];
  return { builtIn: false, rules: list.map((rule) => ruleSchema.safeParse(rule).data ?? null) };
}

function resolve(spec: RuleSpec, place: Place): Rule {
  try {
    return resolveRule(spec);
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    throw new ConfigError(error.problems.map(({ path, message }) => `${place(path)}: ${message}`));
  }
}

/** Change a built-in rule. A new condition replaces all of its own. */
function changed(base: RuleSpec | undefined, given: RuleSpec): RuleSpec {
  if (base === undefined) return given;
  const isOther = CONDITIONS.some((kind) => given[kind] !== undefined) || given.column !== undefined;
  const none = { above: undefined, below: undefined, is: undefined, absent: undefined, clear: undefined };
  return { ...base, ...(isOther ? none : {}), ...given };
}

function noSuchRule(place: Place, { name: given, table }: { readonly name: string; readonly table?: unknown }): string {
  const missing = table === undefined ? 'table' : 'column';
  const names = BUILT_IN_RULES.map((spec) => spec.name).join(', ');
  return `${place([missing])}: is needed, for there is no built-in rule of the name ${given}; those are ${names}`;
}
