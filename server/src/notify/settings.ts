import { z } from 'zod';
import { SEVERITIES } from '../alerts/alert.js';
import type { Place } from '../config/place.js';
import { jsonSchemaOf, readSection, section } from '../config/section.js';
import type { Interest } from './routing.js';
import { type Environment, secret } from './secret.js';

/** Each notifier has its own connection and part of the outbox. */
const MAX_NOTIFIERS = 20;
const MAX_INTERVAL_S = 24 * 3600;
const MIB = 2 ** 20;

const text = z.string().min(1).max(500);
const list = <Item extends z.ZodType>(item: Item) => z.array(item).min(1).max(100);
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/, 'a name of 1 to 40 of A–Z a–z 0–9 . _ -');

/** Settings of every notifier: its filter, and how often it sends. */
const common = {
  severities: list(z.enum(SEVERITIES)).optional(),
  streams: list(text).optional(),
  minIntervalS: z.number().min(0).max(MAX_INTERVAL_S).default(0),
};
const network = { ...common, allowHosts: list(text).default([]) };

function schemas(environment: Environment) {
  const url = secret(environment, 'an http or https URL', isWebUrl);
  const httpUrl = z.string().refine(isWebUrl, 'an http or https URL');
  const token = secret(environment, 'text of 1 to 1000 characters', (value) => /^[\x21-\x7e]{1,1000}$/.test(value));
  const password = secret(environment, 'text of 1 to 1000 characters', (value) => value !== '' && value.length <= 1000);
  const signingSecret = secret(
    environment,
    'whsec_ and the base64 of 24 to 64 bytes, as `echo whsec_$(openssl rand -base64 32)` makes them',
    isSigningSecret,
  );
  const user = text.regex(/^[^:]+$/, 'text without a colon');
  const access = { user: user.optional(), password: password.optional(), bearer: token.optional() };
  const ONE_ACCESS = {
    message: 'a user and a password, a bearer token, or user:password@ in the url: one of them',
    params: { isSecret: true },
  };
  return [
    section({ type: z.literal('webhook'), url, secret: signingSecret.optional(), ...access, ...network }).refine(
      hasOneAccess,
      ONE_ACCESS,
    ),
    section({
      type: z.literal('slack'),
      url: url.optional(),
      token: token.optional(),
      channel: text.optional(),
      apiUrl: httpUrl.default('https://slack.com/api'),
      ...network,
    }).refine((given) => (given.url !== undefined) !== (given.token !== undefined && given.channel !== undefined), {
      message: 'either a url (incoming webhook), or a token and a channel (bot)',
      params: { isSecret: true },
    }),
    section({ type: z.literal('discord'), url, ...network }),
    section({
      type: z.literal('pagerduty'),
      routingKey: token,
      url: httpUrl.default('https://events.pagerduty.com/v2/enqueue'),
      ...network,
    }),
    section({
      type: z.literal('email'),
      host: text,
      port: z.int().min(1).max(65_535).default(587),
      secure: z.boolean().default(false),
      requireTls: z.boolean().default(true),
      user: text.optional(),
      password: password.optional(),
      from: text,
      to: list(text),
      ...network,
    }).refine((given) => (given.user === undefined) === (given.password === undefined), {
      message: 'a user and a password, or neither',
      params: { isSecret: true },
    }),
    section({ type: z.literal('alertmanager'), url, ...access, ...network }).refine(hasOneAccess, ONE_ACCESS),
    section({
      type: z.literal('file'),
      path: text,
      maxMb: z.number().min(0.001).max(1024).default(10),
      keep: z.int().min(1).max(100).default(5),
      ...common,
    }),
  ] as const;
}

type Schemas = ReturnType<typeof schemas>;
type Given = z.output<Schemas[number]>;
/** The `notifiers` section of a config file. */
export type NotifiersSection = Readonly<Record<string, z.input<Schemas[number]>>>;

/** One notifier with its secrets in plain text. */
export type NotifierSettings = {
  readonly name: string;
  readonly interest: Interest;
  readonly minIntervalMs: number;
} & Given;

/** Notifiers by name. */
function sectionSchema(environment: Environment) {
  const options = schemas(environment);
  const types = options.map(({ shape }) => [...shape.type.values][0]);
  const kind = z.discriminatedUnion('type', options, { error: () => `one of ${types.join(', ')}` });
  return z
    .record(name, kind)
    .refine((given) => Object.keys(given).length <= MAX_NOTIFIERS, `${MAX_NOTIFIERS} notifiers at most`);
}

/** Return the JSON Schema of the section, draft 7. */
export const notifiersJsonSchema = (): object => jsonSchemaOf(sectionSchema({}));

/**
 * Return the notifiers of a section; none without one. `place`: where the section stands.
 * @throws ConfigError
 */
export function readNotifierSettings(
  found: unknown,
  place: Place,
  environment: Environment,
): readonly NotifierSettings[] {
  return Object.entries(readSection(sectionSchema(environment), found ?? {}, place)).map(([called, given]) => ({
    ...given,
    name: called,
    interest: { severities: given.severities, streams: given.streams },
    minIntervalMs: given.minIntervalS * 1000,
  }));
}

export const bytesOf = (mb: number) => Math.round(mb * MIB);

interface Access {
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly bearer?: string | undefined;
}

function hasOneAccess({ url, user, password, bearer }: Access): boolean {
  const isInUrl = URL.canParse(url) && new URL(url).username !== '';
  const ways = [isInUrl, user !== undefined, bearer !== undefined].filter(Boolean).length;
  return ways <= 1 && (user === undefined) === (password === undefined);
}

function isWebUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

function isSigningSecret(value: string): boolean {
  if (!/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(value)) return false;
  const bytes = Buffer.from(value.slice('whsec_'.length), 'base64').length;
  return bytes >= 24 && bytes <= 64;
}
