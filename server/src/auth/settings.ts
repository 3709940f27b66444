import { STREAM_NAME } from '@auralis/shared';
import { z } from 'zod';
import { ConfigError, Problems } from '../config/error.js';
import { readConfigFile } from '../config/file.js';
import { within } from '../config/place.js';
import { assertKnown, readSection, section } from '../config/section.js';
import type { Streams } from './identity.js';
import { ANONYMOUS_ROLES, ROLES, type Role } from './roles.js';

/** Every request looks at each of them. */
const MAX_TOKENS = 1_000;

export interface TokenSettings {
  readonly name: string;
  /** SHA-256 of the token. */
  readonly digest: Buffer;
  readonly roles: ReadonlySet<Role>;
  readonly streams: Streams;
  /** ms since 1970; null: never. */
  readonly expiresAt: number | null;
}

/** Content of an auth file. */
export interface AuthSettings {
  readonly tokens: readonly TokenSettings[];
  readonly anonymous: ReadonlySet<Role>;
  /** Pages that may ask beside the hub's own. */
  readonly origins: readonly string[];
}

export const tokenName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/, '1 to 40 of A–Z a–z 0–9 . _ -');
export const streamName = z.string().regex(STREAM_NAME, 'the name of a stream: 1 to 64 of A–Z a–z 0–9 . _ -');
export const expiry = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: 'a day, such as 2027-01-31 (its beginning, UTC), or a time, such as 2027-01-31T12:00:00Z',
});

/** Where somebody may well have put the token itself. */
function unseen(allowed: string, isAllowed: (found: unknown) => boolean) {
  const message = `${allowed} (what stands there is not shown)`;
  return z.unknown().refine(isAllowed, { message, params: { isSecret: true }, abort: true });
}

const isMap = (found: unknown) => typeof found === 'object' && found !== null && !Array.isArray(found);
const isDigest = (found: unknown) => typeof found === 'string' && /^[0-9a-f]{64}$/i.test(found);

const entry = section({
  name: tokenName,
  sha256: unseen('64 hex digits, as `auralis-hub token` prints them', isDigest).pipe(z.string()),
  roles: z.array(z.enum(ROLES)).min(1),
  streams: z.array(streamName).min(1).optional(),
  expires: expiry.optional(),
}).superRefine(({ roles, streams }, context) => {
  if (streams === undefined) return;
  const unbound = roles.find((role) => role === 'viewer' || role === 'admin');
  if (unbound === undefined) return;
  const message = `role ${unbound} is for all streams: leave \`streams\` out, or make a token of its own for it`;
  context.addIssue({ code: 'custom', path: ['streams'], message, params: { isSecret: true } });
});

const entries = z
  .array(unseen('a map of name, sha256 and roles', isMap).pipe(entry))
  .max(MAX_TOKENS)
  .superRefine((entries, context) => {
    for (const key of ['name', 'sha256'] as const) {
      const seen = new Set<string>();
      for (const [index, token] of entries.entries()) {
        const value = token[key].toLowerCase();
        if (seen.has(value)) {
          const message = 'the same as of a token before it';
          context.addIssue({ code: 'custom', path: [index, key], message, params: { isSecret: true } });
        }
        seen.add(value);
      }
    }
  })
  .transform((entries) =>
    entries.map(
      ({ name, sha256, roles, streams, expires }): TokenSettings => ({
        name,
        digest: Buffer.from(sha256, 'hex'),
        roles: new Set(roles),
        streams: streams === undefined ? null : new Set(streams),
        expiresAt: expires === undefined ? null : Date.parse(expires),
      }),
    ),
  );

const tokens = unseen('a list', Array.isArray).pipe(entries);

const anonymous = z.array(z.enum(ANONYMOUS_ROLES)).transform((roles): ReadonlySet<Role> => new Set(roles));

const isOrigin = (text: string) =>
  /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text.toLowerCase();
const origins = z
  .array(z.string().refine(isOrigin, 'an origin, such as https://music.example: no path, and no slash at its end'))
  .transform((list) => list.map((origin) => origin.toLowerCase()));

const SECTIONS = { tokens, anonymous, origins } as const;

/** Reads an auth file, YAML or JSON. @throws ConfigError for all that is not allowed */
export function readAuthFile(file: string): AuthSettings {
  const { settings, place } = readConfigFile(file, 'anonymous: [listener]');
  const problems = new Problems();
  problems.try(() => assertKnown(Object.keys(settings), Object.keys(SECTIONS), place));
  const read = <Schema extends z.ZodType>(schema: Schema, key: keyof typeof SECTIONS) =>
    problems.try(() => readSection(schema, settings[key] ?? [], within(place, key)));
  const found = {
    tokens: read(tokens, 'tokens'),
    anonymous: read(anonymous, 'anonymous'),
    origins: read(origins, 'origins'),
  };
  problems.assertNone();
  return found as AuthSettings;
}

/**
 * The same while a hub runs by it. One without a token and without anything for who brings none is refused: rather
 * than to shut everybody out, somebody is writing it just now. @throws ConfigError
 */
export function readAuthFileAgain(file: string): AuthSettings {
  const found = readAuthFile(file);
  if (found.tokens.length === 0 && found.anonymous.size === 0) {
    throw new ConfigError(
      `${file}: tokens: 1 at least, or a role in \`anonymous\`, not nothing: everybody would be shut out`,
    );
  }
  return found;
}
