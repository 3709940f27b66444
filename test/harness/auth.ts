import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

interface Entry {
  readonly roles: readonly string[];
  readonly streams?: readonly string[];
  readonly expires?: string;
}

const ENTRIES = {
  listener: { roles: ['listener'] },
  publisher: { roles: ['publisher'] },
  viewer: { roles: ['viewer'] },
  admin: { roles: ['admin'] },
  /** Audio of another stream than the `main` of the tests. */
  elsewhere: { roles: ['listener', 'publisher'], streams: ['other'] },
  /** Roles that `simulate` needs, but for its listeners. */
  engine: { roles: ['publisher', 'viewer'] },
  expired: { roles: ['admin'], expires: '2020-01-01' },
} as const satisfies Readonly<Record<string, Entry>>;

export type TokenName = keyof typeof ENTRIES;

export interface AuthRest {
  readonly anonymous?: readonly string[];
  readonly origins?: readonly string[];
  /** Tokens that are left out. */
  readonly without?: readonly TokenName[];
  /** Settings that differ from above. */
  readonly entries?: Partial<Record<TokenName, Partial<Entry>>>;
}

/** An auth file with a token of each role, made here and not by the hub. */
export class AuthFile {
  readonly path: string;
  readonly tokens: Readonly<Record<TokenName, string>>;

  constructor(rest: AuthRest = {}) {
    this.tokens = Object.fromEntries(NAMES.map((name) => [name, randomBytes(24).toString('base64')])) as never;
    this.path = join(mkdtempSync(join(tmpdir(), 'auralis-auth-')), 'auth.yaml');
    this.write(rest);
  }

  /** Writes it anew, with the same tokens. */
  write({ without = [], entries = {}, ...rest }: AuthRest = {}): void {
    const tokens = NAMES.filter((name) => !without.includes(name)).map((name) => {
      const sha256 = createHash('sha256').update(this.tokens[name]).digest('hex');
      return { name, sha256, ...ENTRIES[name], ...entries[name] };
    });
    writeFileSync(this.path, stringify({ ...rest, tokens }));
  }

  headers(name: TokenName): { readonly authorization: string } {
    return { authorization: `Bearer ${this.tokens[name]}` };
  }
}

const NAMES = Object.keys(ENTRIES) as TokenName[];

/** The subprotocol by which a page brings a token. */
export const tokenProtocol = (token: string) => `auralis.token.${Buffer.from(token).toString('base64url')}`;
