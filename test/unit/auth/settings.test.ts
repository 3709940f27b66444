import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAuthFileAgain } from '@auralis/server/auth/settings';
import { digestOf } from '@auralis/server/auth/token';
import { ConfigError, checkOptions, loadOptions } from '@auralis/server/hub/config';
import { describe, expect, test } from '@jest/globals';

const file = join(mkdtempSync(join(tmpdir(), 'auralis-')), 'auth.yaml');
/** Problems come without line and column. */
const load = (content: string) => {
  writeFileSync(file, content);
  try {
    return loadOptions({ flags: { authFile: file }, environment: {}, file: undefined }).auth;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.problems.map((problem) => problem.replace(/:\d+:\d+:/, ':')));
  }
};
const SHA = digestOf('a token').toString('hex');
const entry = (rest: string, name = 'a', sha = SHA) => `{ name: ${name}, sha256: ${sha}, ${rest} }`;

test('an auth file', () => {
  const auth = load(`
anonymous: [listener]
origins: [https://Music.example, 'http://localhost:3000']
tokens:
  - name: engine
    sha256: ${SHA}
    roles: [publisher]
    streams: [main, side]
    expires: 2027-01-31
  - { name: ops, sha256: ${SHA.replace(/^../, 'AB')}, roles: [admin], expires: 2027-01-31T12:00:00+02:00 }
`);
  expect(auth).toEqual({
    anonymous: new Set(['listener']),
    origins: ['https://music.example', 'http://localhost:3000'],
    tokens: [
      {
        name: 'engine',
        digest: digestOf('a token'),
        roles: new Set(['publisher']),
        streams: new Set(['main', 'side']),
        expiresAt: Date.UTC(2027, 0, 31),
      },
      expect.objectContaining({ name: 'ops', streams: null, expiresAt: Date.UTC(2027, 0, 31, 10) }),
    ],
  });
});

test('the example of the documentation is good', () => {
  const doc = readFileSync(new URL('../../../../docs/operating.md', import.meta.url), 'utf8');
  const [, example = ''] = /```yaml\n(# auth\.yaml\n[^`]+)```/.exec(doc) ?? [];
  expect(load(example)?.tokens.map(({ name }) => name)).toEqual(['prometheus', 'engine-main']);
});

test('without one there is none, and an empty one lets nobody in', () => {
  expect(checkOptions({}).auth).toBeNull();
  expect(load('')).toEqual({ tokens: [], anonymous: new Set(), origins: [] });
});

test('read again, one that lets nobody in is taken for one that is just being written', () => {
  for (const content of ['', 'tokens: []', 'origins: [https://music.example]']) {
    writeFileSync(file, content);
    expect(() => readAuthFileAgain(file)).toThrow(
      `${file}: tokens: 1 at least, or a role in \`anonymous\`, not nothing`,
    );
  }
  writeFileSync(file, 'anonymous: [viewer]');
  expect(readAuthFileAgain(file).anonymous).toEqual(new Set(['viewer']));
});

test('variables for clients of a hub disturb no hub', () => {
  const environment = { AURALIS_TOKEN: 'x', AURALIS_HUB_URL: 'http://127.0.0.1', AURALIS_STREAM: 'main' };
  expect(loadOptions({ flags: {}, environment, file: undefined }).auth).toBeNull();
});

describe('refused by its place, with what is allowed', () => {
  test.each([
    ['token: []', 'auth.yaml: token: unknown; known are tokens, anonymous, origins'],
    ['- a', 'a map of settings, such as "anonymous: [listener]"'],
    ['tokens: 7', 'auth.yaml: tokens: a list (what stands there is not shown)'],
    ['anonymous: [admin]', 'auth.yaml: anonymous[0]: one of listener, publisher, viewer, not "admin"'],
    ['origins: ["*"]', 'auth.yaml: origins[0]: an origin, such as https://music.example: no path, and no slash'],
    ['origins: [https://music.example/]', 'auth.yaml: origins[0]: an origin'],
    ['origins: [null]', 'auth.yaml: origins[0]: text, not nothing'],
    [`tokens: [${entry('role: viewer')}]`, 'auth.yaml: tokens[0].roles: a list, not nothing'],
    [
      `tokens: [${entry('roles: [viewer], role: viewer')}]`,
      'auth.yaml: tokens[0].role: unknown; known are name, sha256',
    ],
    [`tokens: [${entry('roles: []')}]`, 'auth.yaml: tokens[0].roles: 1 at least'],
    [`tokens: [${entry('roles: [root]')}]`, 'auth.yaml: tokens[0].roles[0]: one of listener, publisher, viewer, admin'],
    [`tokens: [${entry('roles: [viewer]', '"a b"')}]`, 'auth.yaml: tokens[0].name: 1 to 40 of A–Z a–z 0–9'],
    [
      `tokens: [${entry('roles: [listener], streams: [a/b]')}]`,
      'auth.yaml: tokens[0].streams[0]: the name of a stream',
    ],
    [
      `tokens: [${entry('roles: [listener, viewer], streams: [a]')}]`,
      'auth.yaml: tokens[0].streams: role viewer is for all streams: leave `streams` out',
    ],
    [
      `tokens: [${entry('roles: [viewer], expires: tomorrow')}]`,
      'auth.yaml: tokens[0].expires: a day, such as 2027-01-31',
    ],
    [
      `tokens: [${entry('roles: [viewer]')}, ${entry('roles: [viewer]', 'b')}]`,
      'auth.yaml: tokens[1].sha256: the same as of a token before it',
    ],
    [
      `tokens: [${entry('roles: [viewer]')}, ${entry('roles: [viewer]', 'a', SHA.replace(/^../, 'ab'))}]`,
      'auth.yaml: tokens[1].name: the same as of a token before it',
    ],
  ])('%s', (content, message) => {
    expect(() => load(content)).toThrow(ConfigError);
    expect(() => load(content)).toThrow(message);
  });

  const secret = 'auralis_c2VjcmV0IHRva2VuIG9mIHNvbWVib2R5';
  test.each([
    [`tokens: [${entry('roles: [viewer]', 'a', secret)}]`, 'tokens[0].sha256: 64 hex digits, as `auralis-hub token`'],
    [`tokens: [${secret}]`, 'tokens[0]: a map of name, sha256 and roles'],
    [`tokens: ${secret}`, 'tokens: a list'],
    [`tokens: [{ sha256: 7 }, ${secret}]`, 'tokens[0].sha256: 64 hex digits'],
  ])('a token where something else should stand is not shown: %#', (content, message) => {
    expect(() => load(content)).toThrow(message);
    try {
      load(content);
    } catch (error) {
      expect(String(error)).not.toContain(secret.slice(0, 12));
    }
  });

  test('a file that is not there', () => {
    expect(() => checkOptions({ authFile: '/nowhere/auth.yaml' })).toThrow('/nowhere/auth.yaml: ENOENT');
  });
});
