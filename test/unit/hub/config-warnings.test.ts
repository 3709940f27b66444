import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadOptions } from '@auralis/server/hub/config';
import { configWarnings } from '@auralis/server/hub/config-warnings';
import { notifiersJsonSchema } from '@auralis/server/notify/settings';
import { notifierWarnings } from '@auralis/server/notify/warnings';
import { afterAll, describe, expect, test } from '@jest/globals';
import { ROOT } from '../../harness/hub.js';

const folder = mkdtempSync(join(tmpdir(), 'auralis-warnings-'));
afterAll(() => rmSync(folder, { recursive: true }));
const AUTH = join(folder, 'auth.yaml');
writeFileSync(AUTH, 'tokens:');

const SIGNING_SECRET = `whsec_${Buffer.alloc(32, 'hunter2').toString('base64')}`;
const from = (name: string) => `\${${name}}`;
const ENVIRONMENT = { KEY: 'key', ADDRESS: 'https://hub.example/hook', SIGNING: SIGNING_SECRET };

function warnings(text: string, environment: Readonly<Record<string, string>> = {}): string[] {
  const file = join(folder, 'hub.yaml');
  writeFileSync(file, text);
  const sources = { flags: {}, environment: { ...ENVIRONMENT, ...environment }, file };
  return configWarnings(sources, loadOptions(sources)).map((warning) => warning.replace(`${folder}/`, ''));
}
const notifier = (name: string, settings: string) => `notifiers:\n  ${name}: { ${settings} }\n`;
const stands = (variable: string) =>
  `a secret stands in the file: put it into the environment, and write ${from(variable)} here`;

describe('secrets that stand in the file', () => {
  test.each([
    ['oncall', 'type: pagerduty, routingKey: hunter2', '2:30: notifiers.oncall.routingKey', 'ONCALL_ROUTING_KEY'],
    ['my-team', 'type: slack, channel: c, token: hunter2', '2:39: notifiers.my-team.token', 'MY_TEAM_TOKEN'],
    ['a', 'type: slack, url: https://hooks.slack.com/x', '2:21: notifiers.a.url', 'A_URL'],
    ['a', 'type: discord, url: https://discord.com/x', '2:23: notifiers.a.url', 'A_URL'],
    ['a', `type: webhook, url: https://x.test, secret: ${SIGNING_SECRET}`, '2:44: notifiers.a.secret', 'A_SECRET'],
    ['a', 'type: webhook, url: https://x.test, bearer: hunter2', '2:44: notifiers.a.bearer', 'A_BEARER'],
    ['a', 'type: alertmanager, url: https://u:hunter2@x.test', '2:28: notifiers.a.url', 'A_URL'],
    ['a', 'type: webhook, url: "https://x.test/in?apikey=hunter2"', '2:23: notifiers.a.url', 'A_URL'],
    ['a', 'type: webhook, url: https://x.test/in/hunter2hunter2hunter2', '2:23: notifiers.a.url', 'A_URL'],
    ['a', 'type: webhook, url: https://x.test, user: u, password: hunter2', '2:53: notifiers.a.password', 'A_PASSWORD'],
  ])('%s: { %s }', (name, settings, place, variable) => {
    const found = warnings(notifier(name, settings));
    expect(found).toEqual([`hub.yaml:${place}: ${stands(variable)}`]);
    expect(found.join()).not.toContain('hunter2');
  });

  test.each(['$KEY', 'key', `x${from('KEY')}`])('what looks like a variable and is none: %s', (routingKey) => {
    const [warning] = warnings(notifier('a', `type: pagerduty, routingKey: "${routingKey}"`));
    const expected =
      { $KEY: 'a variable is written', key: 'a secret stands' }[routingKey] ?? 'stands for a whole value';
    expect(warning).toContain(expected);
  });

  test.each([
    `type: pagerduty, routingKey: "${from('KEY')}"`,
    `type: discord, url: "${from('ADDRESS')}"`,
    `type: webhook, url: "https://x.test/auralis?team=a", secret: "${from('SIGNING')}"`,
    'type: alertmanager, url: http://127.0.0.1:9093/alertmanager-of-the-second-floor',
    `type: pagerduty, routingKey: "${from(`file:${AUTH}`)}", url: https://events.eu.pagerduty.com/v2/enqueue`,
    'type: file, path: token.jsonl',
  ])('none: { %s }', (settings) => expect(warnings(notifier('a', settings))).toEqual([]));

  test('every secret of every notifier is looked at', () => {
    interface Node {
      readonly writeOnly?: true;
      readonly properties?: Readonly<Record<string, Node>>;
      readonly oneOf?: readonly Node[];
      readonly additionalProperties?: Node;
    }
    const kinds = (notifiersJsonSchema() as Node).additionalProperties?.oneOf ?? [];
    const secrets = kinds.flatMap(({ properties = {} }) =>
      Object.entries(properties).flatMap(([key, { writeOnly }]) => (writeOnly === true ? [key] : [])),
    );
    expect(secrets.length).toBeGreaterThan(10);
    for (const key of secrets) {
      expect([key, notifierWarnings({ a: { type: 'x', [key]: '$KEY' } }, () => key)]).toEqual([
        key,
        [expect.any(String)],
      ]);
    }
  });
});

describe('settings that contradict each other', () => {
  const useless = 'insecureAnonymous: changes nothing beside an auth file';

  test('an auth file, and anybody', () => {
    const both = `authFile: ${AUTH}\ninsecureAnonymous: true\n`;
    expect(warnings(both)).toEqual([expect.stringContaining(`hub.yaml:2:1: ${useless}`)]);
    expect(warnings('insecureAnonymous: true\n', { AURALIS_AUTH_FILE: AUTH })).toHaveLength(1);
    expect(warnings(`authFile: ${AUTH}\n`, { AURALIS_INSECURE_ANONYMOUS: 'true' })).toEqual([
      expect.stringMatching(/^AURALIS_INSECURE_ANONYMOUS: changes nothing/),
    ]);
    expect(warnings(both, { AURALIS_INSECURE_ANONYMOUS: 'false' })).toEqual([]);
    expect(warnings('insecureAnonymous: true\n')).toEqual([]);
  });

  test('a file for lines that are not written', () => {
    const file = `reporterFile: ${join(folder, 'lines.log')}\n`;
    expect(warnings(`${file}reporterIntervalS: 0\n`)).toEqual([
      'hub.yaml:1:1: reporterFile: nothing is written there, because reporterIntervalS is 0',
    ]);
    expect(warnings(file)).toEqual([]);
  });

  test.each([
    ['secure: true', 'hub.yaml:2:3: notifiers.a.port: 587 begins without TLS'],
    ['secure: true, port: 587', 'hub.yaml:2:81: notifiers.a.port: 587 begins without TLS'],
    ['port: 465', 'hub.yaml:2:67: notifiers.a.port: 465 begins with TLS'],
    ['secure: true, port: 465', null],
    ['port: 25', null],
  ])('mail, %s', (settings, warning) => {
    const found = warnings(
      `notifiers:\n  a: { type: email, host: h.test, from: a@b.test, to: [c@d.test], ${settings} }\n`,
    );
    expect(found).toEqual(warning === null ? [] : [expect.stringContaining(warning)]);
  });
});

test.each(['hub', 'notifiers'])('examples/%s.yaml has none', (name) => {
  const text = readFileSync(`${ROOT}examples/${name}.yaml`, 'utf8');
  const names = [...text.matchAll(/\$\{([A-Z_]+)\}/g)].map(([, found]) => found as string);
  const standIn = (found: string) =>
    found.endsWith('URL') ? 'https://x.test' : found === 'WEBHOOK_SECRET' ? SIGNING_SECRET : 'key';
  expect(warnings(text, Object.fromEntries(names.map((found) => [found, standIn(found)])))).toEqual([]);
});
