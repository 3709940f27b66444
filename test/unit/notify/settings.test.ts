import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '@auralis/server/config/error';
import { byName, within } from '@auralis/server/config/place';
import { checkOptions, loadOptions } from '@auralis/server/hub/config';
import { targetOf } from '@auralis/server/notify/create-notifier';
import { readNotifierSettings } from '@auralis/server/notify/settings';
import { afterAll, expect, test } from '@jest/globals';
import { newDataDir } from '../../harness/hub.js';

const SIGNING = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const folder = newDataDir();
const file = join(folder, 'token');
writeFileSync(file, 'xoxb-from-a-file\n');
const environment = { HOOK_URL: 'https://hooks.test/T/secret', SIGNING, BAD: 'not a url' };

/** `${name}`, as a config file names a variable. */
const from = (name: string) => `$\{${name}}`;
const read = (section: unknown) => readNotifierSettings(section, within(byName, 'notifiers'), environment);

afterAll(() => rmSync(folder, { recursive: true }));

test('no section is no notifiers', () => expect(read(undefined)).toEqual([]));

test('secrets come from the environment or a file; what is not said has a default', () => {
  const [hook, team] = read({
    hook: { type: 'webhook', url: from('HOOK_URL'), secret: from('SIGNING'), severities: ['error', 'critical'] },
    team: { type: 'slack', token: from(`file:${file}`), channel: '#ops', minIntervalS: 30, streams: ['main'] },
  });
  expect(hook).toMatchObject({
    name: 'hook',
    type: 'webhook',
    url: environment.HOOK_URL,
    secret: SIGNING,
    minIntervalMs: 0,
    allowHosts: [],
    interest: { severities: ['error', 'critical'], streams: undefined },
  });
  expect(team).toMatchObject({ token: 'xoxb-from-a-file', apiUrl: 'https://slack.com/api', minIntervalMs: 30_000 });
  expect([hook, team].map((one) => one && targetOf(one))).toEqual(['hooks.test', '#ops']);
});

test.each<[string, unknown, string]>([
  ['a list', [], 'notifiers: a map, not a list'],
  ['a name', { 'a b': { type: 'file', path: 'x' } }, 'notifiers: a name of 1 to 40 of A–Z a–z 0–9 . _ -, not "a b"'],
  [
    'no type',
    { a: { path: 'x' } },
    'notifiers.a.type: one of webhook, slack, discord, pagerduty, email, alertmanager, file, not nothing',
  ],
  [
    'another type',
    { a: { type: 'sms' } },
    'notifiers.a.type: one of webhook, slack, discord, pagerduty, email, alertmanager, file, not "sms"',
  ],
  [
    'an unknown key',
    { a: { type: 'file', path: 'x', pth: 'y' } },
    'notifiers.a.pth: unknown; known are type, path, maxMb, keep',
  ],
  ['a missing key', { a: { type: 'webhook' } }, 'notifiers.a.url: text, not nothing'],
  [
    'a severity',
    { a: { type: 'file', path: 'x', severities: ['bad'] } },
    'notifiers.a.severities[0]: one of info, warning, error, critical, not "bad"',
  ],
  ['no severity', { a: { type: 'file', path: 'x', severities: [] } }, 'notifiers.a.severities: 1 at least, not a list'],
  ['an interval', { a: { type: 'file', path: 'x', minIntervalS: -1 } }, 'notifiers.a.minIntervalS: 0 or more, not -1'],
  [
    'Slack, neither way',
    { a: { type: 'slack', token: 't' } },
    'notifiers.a: either a url (incoming webhook), or a token and a channel (bot)',
  ],
  [
    'Slack, both ways',
    { a: { type: 'slack', token: 't', channel: 'c', url: 'https://x.test' } },
    'notifiers.a: either a url',
  ],
  [
    'half a login',
    { a: { type: 'email', host: 'h', from: 'a@b.c', to: ['d@e.f'], user: 'u' } },
    'notifiers.a: a user and a password, or neither',
  ],
  [
    'a variable that is not there',
    { a: { type: 'webhook', url: from('NOWHERE') } },
    'notifiers.a.url: the environment has no NOWHERE',
  ],
  [
    'a file that is not there',
    { a: { type: 'webhook', url: from('file:/nowhere') } },
    'notifiers.a.url: /nowhere cannot be read: ENOENT',
  ],
])('%s is refused, with its place', (_, section, message) => {
  expect(() => read(section)).toThrow(ConfigError);
  expect(() => read(section)).toThrow(message);
});

test.each([
  [
    'url',
    { type: 'webhook', url: 'hunter2-in-place-of-a-url' },
    'an http or https URL (what stands there is not shown)',
  ],
  ['url', { type: 'discord', url: from('BAD') }, 'an http or https URL (what BAD holds is not shown)'],
  ['secret', { type: 'webhook', url: 'https://x.test', secret: 'hunter2' }, 'whsec_ and the base64 of 24 to 64 bytes'],
])('what is secret is not shown where it is refused: %s', (key, given, message) => {
  let said = '';
  try {
    read({ a: given });
  } catch (error) {
    said = (error as Error).message;
  }
  expect(said).toContain(`notifiers.a.${key}: ${message}`);
  expect(said).not.toMatch(/hunter2|not a url/);
});

test('more than twenty are refused', () => {
  const many = Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`n${n}`, { type: 'file', path: 'x' }]));
  expect(() => read(many)).toThrow('20 notifiers at most');
});

test('a config file and a program give the same section', () => {
  const section = { log: { type: 'file', path: 'alerts.jsonl' } } as const;
  const config = join(folder, 'hub.yaml');
  writeFileSync(config, JSON.stringify({ notifiers: section }));
  const loaded = loadOptions({ flags: {}, environment: {}, file: config }).notifiers;
  expect(loaded).toEqual(checkOptions({ notifiers: section }).notifiers);
  expect(loaded).toMatchObject([{ name: 'log', type: 'file', maxMb: 10, keep: 5 }]);
});
