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
  /** What `simulate` needs, but for its listeners. */
  engine: { roles: ['publisher', 'viewer'] },
  expired: { roles: ['admin'], expires: '2020-01-01' },
} as const satisfies Readonly<Record<string, Entry>>;

export type TokenName = keyof typeof ENTRIES;

/** An auth file with a token of each role, made here and not by the hub. */
export class AuthFile {
  readonly path: string;
  readonly tokens: Readonly<Record<TokenName, string>>;

  constructor(rest: { readonly anonymous?: readonly string[]; readonly origins?: readonly string[] } = {}) {
    const names = Object.keys(ENTRIES) as TokenName[];
    this.tokens = Object.fromEntries(names.map((name) => [name, randomBytes(24).toString('base64')])) as never;
    const tokens = names.map((name) => {
      const sha256 = createHash('sha256').update(this.tokens[name]).digest('hex');
      return { name, sha256, ...ENTRIES[name] };
    });
    this.path = join(mkdtempSync(join(tmpdir(), 'auralis-auth-')), 'auth.yaml');
    writeFileSync(this.path, stringify({ ...rest, tokens }));
  }

  headers(name: TokenName): { readonly authorization: string } {
    return { authorization: `Bearer ${this.tokens[name]}` };
  }
}

/** The subprotocol by which a page brings a token. */
export const tokenProtocol = (token: string) => `auralis.token.${Buffer.from(token).toString('base64url')}`;
