import { decide, decideStream } from '@auralis/server/auth/decide';
import type { Identity } from '@auralis/server/auth/identity';
import { ROLES, type Role } from '@auralis/server/auth/roles';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';

const token = (roles: readonly Role[], streams: readonly string[] | null = null): Identity => ({
  kind: 'token',
  name: 't',
  sha256: '00',
  roles: new Set(roles),
  streams: streams === null ? null : new Set(streams),
});
const anonymous = (...roles: Role[]): Identity => ({ kind: 'anonymous', roles: new Set(roles) });
const OPEN: Identity = { kind: 'open' };
const REFUSED: Identity = { kind: 'refused', why: 'unknown' };

const may = (who: Identity, role: Role | null, isLocal = false, isLocalWithoutAuth = false) => {
  const refusal = decide(who, { role, isLocalWithoutAuth }, isLocal);
  return refusal === null ? 'yes' : `${refusal.status} ${refusal.error}`;
};

// Columns: what is asked for.
const ANY = [null, 'listener', 'publisher', 'viewer', 'admin'] as const;
test.each<[string, Identity, readonly string[]]>([
  ['a hub without an auth file', OPEN, ['yes', 'yes', 'yes', 'yes', 'yes']],
  ['no token', anonymous(), ['yes', '401 null', '401 null', '401 null', '401 null']],
  ['no token where it is a listener', anonymous('listener'), ['yes', 'yes', '401 null', '401 null', '401 null']],
  ['a bad token', REFUSED, ['yes', ...Array<string>(4).fill('401 invalid_token')]],
  ['a listener', token(['listener']), ['yes', 'yes', ...Array<string>(3).fill('403 insufficient_scope')]],
  [
    'a publisher',
    token(['publisher']),
    ['yes', '403 insufficient_scope', 'yes', '403 insufficient_scope', '403 insufficient_scope'],
  ],
  [
    'a viewer',
    token(['viewer']),
    ['yes', '403 insufficient_scope', '403 insufficient_scope', 'yes', '403 insufficient_scope'],
  ],
  ['an admin', token(['admin']), ['yes', 'yes', 'yes', 'yes', 'yes']],
])('%s', (_, who, expected) => expect(ANY.map((role) => may(who, role))).toEqual(expected));

test('without an auth file, what an admin may is for the machine itself where the route says so', () => {
  expect(may(OPEN, 'admin', false, true)).toBe('403 null');
  expect(may(OPEN, 'admin', true, true)).toBe('yes');
});

test('with one, the machine itself is nobody', () => {
  for (const who of [anonymous('listener', 'publisher', 'viewer'), REFUSED, token(['viewer'])]) {
    expect(may(who, 'admin', true, true)).not.toBe('yes');
  }
});

test('nobody may do what is in none of their roles, and everybody what is in one', () => {
  const roles = fc.uniqueArray(fc.constantFrom(...ROLES));
  fc.assert(
    fc.property(roles, fc.boolean(), fc.constantFrom(...ROLES), fc.boolean(), (has, isToken, asked, isLocal) => {
      const who = isToken ? token(has) : anonymous(...has.filter((role) => role !== 'admin'));
      const hasIt = has.includes(asked) && (isToken || asked !== 'admin');
      expect(may(who, asked, isLocal, true) === 'yes').toBe(hasIt || (isToken && has.includes('admin')));
    }),
  );
});

test('a token for some streams is for no other, and for none that is not named', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.constantFrom<string>('a', 'b', 'c'), { minLength: 1 }), (streams) => {
      const who = token(['listener'], streams);
      for (const stream of ['a', 'b', 'c', 'A', 'a ', '']) {
        expect(decideStream(who, stream) === null).toBe(streams.includes(stream));
      }
      expect(decideStream(who, null)).toMatchObject({ status: 403, error: 'insufficient_scope' });
    }),
  );
  for (const who of [OPEN, anonymous('listener'), token(['listener'])]) {
    expect([decideStream(who, 'a'), decideStream(who, null)]).toEqual([null, null]);
  }
});
