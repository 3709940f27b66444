import { Authority } from '@auralis/server/auth/authority';
import type { AuthSettings } from '@auralis/server/auth/settings';
import { digestOf, newToken, tokenOf } from '@auralis/server/auth/token';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';

const DAY = Date.parse('2027-01-31');
const common = { roles: new Set(['viewer'] as const), streams: null };
const settings: AuthSettings = {
  tokens: [
    { ...common, name: 'first', digest: digestOf('one'), expiresAt: null },
    { ...common, name: 'second', digest: digestOf('two'), expiresAt: DAY },
    { ...common, name: 'third', digest: digestOf('three'), expiresAt: null },
  ],
  anonymous: new Set(['listener']),
  origins: [],
};

test('a token is who it was made for, wherever it stands, until it expires', () => {
  const authority = new Authority(settings);
  const nameOf = (token: string | null, now = DAY - 1) => {
    const who = authority.identify(token, now);
    return who.kind === 'token' ? who.name : who.kind;
  };
  expect(['one', 'two', 'three', 'four', '', null].map((token) => nameOf(token))).toEqual([
    'first',
    'second',
    'third',
    'refused',
    'refused',
    'anonymous',
  ]);
  expect([nameOf('two', DAY), nameOf('one', DAY)]).toEqual(['refused', 'first']);
  expect(authority.identify('two', DAY)).toMatchObject({ why: 'token second has expired' });
});

test('who somebody was is somebody else by now, once tokens are replaced or expire', () => {
  const authority = new Authority(settings);
  const first = authority.identify('one', 0);
  const second = authority.identify('two', 0);
  const nobody = authority.identify(null, 0);
  expect([first, second, nobody].map((who) => authority.again(who, DAY - 1))).toEqual([first, second, nobody]);
  expect(authority.again(second, DAY)).toEqual({ kind: 'refused', why: 'token second has expired' });

  // The first has another role, the second another token under its name, and nobody may do nothing.
  authority.replace({
    tokens: [
      { ...common, name: 'renamed', digest: digestOf('one'), expiresAt: null, roles: new Set(['admin']) },
      { ...common, name: 'second', digest: digestOf('new'), expiresAt: null },
    ],
    anonymous: new Set(),
    origins: [],
  });
  expect(authority.again(first, 0)).toMatchObject({ kind: 'token', name: 'renamed', roles: new Set(['admin']) });
  expect(authority.again(second, 0)).toEqual({ kind: 'refused', why: 'token second was taken back' });
  expect(authority.again(nobody, 0)).toEqual({ kind: 'anonymous', roles: new Set() });
  expect([authority.identify('two', 0).kind, authority.identify('new', 0).kind]).toEqual(['refused', 'token']);
});

test('a token expires once', () => {
  const authority = new Authority(settings);
  expect([
    authority.hasExpired(Number.NEGATIVE_INFINITY, DAY - 1),
    authority.hasExpired(DAY - 1, DAY),
    authority.hasExpired(DAY, DAY + 1),
  ]).toEqual([false, true, false]);
});

test('without an auth file a token is nothing', () => {
  expect(new Authority(null).identify('one', 0)).toEqual({ kind: 'open' });
});

const of = (headers: Record<string, string>) => tokenOf((name) => headers[name]);

test.each<[Record<string, string>, string | null]>([
  [{}, null],
  [{ authorization: 'Bearer abc' }, 'abc'],
  [{ authorization: 'bearer   abc ' }, 'abc'],
  [{ authorization: 'Basic YWJj' }, null],
  [{ authorization: 'Bearer' }, null],
  [{ authorization: 'Bearer a b' }, null],
  [{ 'sec-websocket-protocol': 'auralis.live.v1.json, auralis.token.YWJj' }, 'abc'],
  [{ 'sec-websocket-protocol': 'auralis.live.v1.json' }, null],
  [{ authorization: 'Bearer abc', 'sec-websocket-protocol': 'auralis.token.ZGVm' }, 'abc'],
])('the token of %j', (headers, token) => expect(of(headers)).toBe(token));

test('a token comes through either way as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'aZ09-_=+/.~!"$'), minLength: 1, maxLength: 60 }), (token) => {
      const protocol = `auralis.token.${Buffer.from(token).toString('base64url')}`;
      expect([of({ authorization: `Bearer ${token}` }), of({ 'sec-websocket-protocol': protocol })]).toEqual([
        token,
        token,
      ]);
    }),
  );
});

test('new tokens are each another', () => {
  const tokens = new Set(Array.from({ length: 100 }, newToken));
  expect(tokens.size).toBe(100);
  for (const token of tokens) expect(token).toMatch(/^auralis_[A-Za-z0-9_-]{43}$/);
});
