import { Admissions, type Ended, sayEnded } from '@auralis/server/auth/admissions';
import { Authority } from '@auralis/server/auth/authority';
import type { Entrance } from '@auralis/server/auth/decide';
import type { Role } from '@auralis/server/auth/roles';
import type { AuthSettings, TokenSettings } from '@auralis/server/auth/settings';
import { digestOf } from '@auralis/server/auth/token';
import { CLOSE, mayReconnect } from '@auralis/shared';
import { expect, test } from '@jest/globals';

/** Tokens are called as they are. */
const token = (name: string, role: Role, rest: Partial<TokenSettings> = {}): TokenSettings => ({
  name,
  digest: digestOf(name),
  roles: new Set([role]),
  streams: null,
  expiresAt: null,
  ...rest,
});
const file = (tokens: readonly TokenSettings[], ...anonymous: Role[]): AuthSettings => ({
  tokens,
  anonymous: new Set(anonymous),
  origins: [],
});
const SETTINGS = file(
  [
    token('short', 'listener', { expiresAt: 10_000 }),
    token('long', 'listener', { expiresAt: 20_000 }),
    token('bound', 'publisher', { streams: new Set(['main', 'other']) }),
    token('watch', 'viewer'),
  ],
  'listener',
);

class World {
  readonly authority = new Authority(SETTINGS);
  readonly admissions = new Admissions(this.authority);
  /** Closes that were asked for: by whom, code, reason. */
  readonly closes: (readonly [string, number, string])[] = [];

  open(name: string | null, entrance: Entrance, now = 0) {
    const admission = this.admissions.admit(this.authority.identify(name, now), entrance);
    admission.opened({ close: (code, reason) => this.closes.push([name ?? 'nobody', code, reason]) });
    return admission;
  }

  replace(...given: Parameters<typeof file>): Ended {
    this.authority.replace(file(...given));
    return this.admissions.review(0);
  }
}

const LISTEN: Entrance = { role: 'listener', stream: 'main' };
const LIVE: Entrance = { role: 'viewer' };

test('sockets end with their token, at the first look after it, and no others do', () => {
  const world = new World();
  for (const name of ['short', 'short', 'long', null]) world.open(name, LISTEN);
  world.open('watch', LIVE);
  const { admissions, closes } = world;
  for (let now = 0; now < 10_000; now += 1_000) expect(admissions.sweep(now).size).toBe(0);
  expect(admissions.sweep(9_999).size).toBe(0);
  expect(closes).toEqual([]);
  expect(admissions.sweep(10_999)).toEqual(new Map([['token short has expired', 2]]));
  const ended = ['short', CLOSE.ACCESS_ENDED, 'token short has expired'];
  expect(closes).toEqual([ended, ended]);
  // The code says that a client may come again: what gives it its token may have a newer one.
  expect(mayReconnect(CLOSE.ACCESS_ENDED)).toBe(true);
  for (let now = 11_000; now < 20_000; now += 1_000) expect(admissions.sweep(now).size).toBe(0);
  expect(admissions.sweep(20_500).size).toBe(1);
  expect(closes.length).toBe(3);
});

test('one that comes between two looks and expires before the second is ended by that', () => {
  const world = new World();
  world.admissions.sweep(9_500);
  world.open('short', LISTEN, 9_900);
  world.admissions.sweep(10_500);
  expect(world.closes.map(([name]) => name)).toEqual(['short']);
});

test('a hub that stood still looks at all that expired meanwhile', () => {
  const world = new World();
  world.admissions.sweep(0);
  for (const name of ['short', 'long']) world.open(name, LISTEN);
  expect(world.admissions.sweep(3_600_000).size).toBe(2);
});

test('who has left by itself is not closed', () => {
  const world = new World();
  world.open('short', LISTEN).closed();
  expect(world.admissions.sweep(10_000).size).toBe(0);
  expect(world.closes).toEqual([]);
});

test('one that is being closed is closed once, also where its end comes at once or never', () => {
  const world = new World();
  const atOnce = world.admissions.admit(world.authority.identify('short', 0), LISTEN);
  atOnce.opened({ close: () => atOnce.closed() });
  world.open('short', LISTEN);
  expect(world.admissions.review(10_000)).toEqual(new Map([['token short has expired', 2]]));
  expect(world.admissions.review(11_000).size).toBe(0);
  expect(world.closes.length).toBe(1);
});

test.each<[string, Parameters<typeof file>, string | null, Entrance, string | null]>([
  ['that has its token still', [SETTINGS.tokens, 'listener'], 'watch', LIVE, null],
  ['whose token stands elsewhere in it', [[...SETTINGS.tokens].reverse(), 'listener'], 'watch', LIVE, null],
  ['whose token is gone', [[]], 'watch', LIVE, 'token watch was taken back'],
  [
    'whose token has another secret',
    [[token('watch', 'viewer', { digest: digestOf('new') })]],
    'watch',
    LIVE,
    'token watch was taken back',
  ],
  ['whose token may do everything now', [[token('watch', 'admin')]], 'watch', LIVE, null],
  [
    'whose role is another',
    [[token('watch', 'listener')]],
    'watch',
    LIVE,
    'this needs role viewer; token watch has listener',
  ],
  [
    'whose stream is no longer its own',
    [[token('bound', 'publisher', { streams: new Set(['other']) })]],
    'bound',
    { role: 'publisher', stream: 'main' },
    'token bound is for other: not "main"',
  ],
  [
    'whose stream is still its own',
    [[token('bound', 'publisher', { streams: new Set(['main']) })]],
    'bound',
    { role: 'publisher', stream: 'main' },
    null,
  ],
  ['that brought no token and may still', [[], 'listener'], null, LISTEN, null],
  ['that brought no token and needs one now', [[]], null, LISTEN, 'this needs a token with role listener'],
])('other tokens: a socket %s', (_, settings, name, entrance, why) => {
  const world = new World();
  world.open(name, entrance);
  expect([...world.replace(...settings)]).toEqual(why === null ? [] : [[why, 1]]);
  expect(world.closes).toEqual(why === null ? [] : [[name ?? 'nobody', CLOSE.ACCESS_ENDED, why]]);
});

test('the log has how many and why, and a bound', () => {
  expect(sayEnded(new Map())).toBeNull();
  expect(sayEnded(new Map([['token a has expired', 1]]))).toBe('1 socket is closed: token a has expired (1)');
  const many = new Map(Array.from({ length: 7 }, (_, at) => [`why ${at}`, 2] as const));
  expect(sayEnded(many)).toBe(
    '14 sockets are closed: why 0 (2), why 1 (2), why 2 (2), why 3 (2), why 4 (2), and 2 reasons more',
  );
});
