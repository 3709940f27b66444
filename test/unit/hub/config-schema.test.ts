import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, checkOptions, loadOptions } from '@auralis/server/hub/config';
import { configSchema } from '@auralis/server/hub/config-schema';
import { SERVE_OPTIONS } from '@auralis/server/hub/options';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { ROOT } from '../../harness/hub.js';

/** Strict: a word that is no word of JSON Schema throws. */
const takes = new Ajv({ strict: true, allowUnionTypes: true }).compile(configSchema());
const folder = mkdtempSync(join(tmpdir(), 'auralis-schema-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ENVIRONMENT = {
  PAGERDUTY_KEY: 'key',
  SLACK_BOT_TOKEN: 'xoxb-1',
  DISCORD_WEBHOOK_URL: 'https://discord.example/hook',
  WEBHOOK_SECRET: `whsec_${Buffer.alloc(32).toString('base64')}`,
  SMTP_PASSWORD: 'secret',
};

/** Return the verdict of the schema, as an editor has it, and that of `check-config`. */
function verdicts(text: string) {
  const path = join(folder, 'hub.yaml');
  writeFileSync(path, text);
  const isGood = () => {
    try {
      loadOptions({ flags: {}, environment: ENVIRONMENT, file: path });
      return true;
    } catch (error) {
      if (error instanceof ConfigError) return false;
      throw error;
    }
  };
  return { schema: takes(parse(text)), hub: isGood() };
}

describe('the schema and check-config agree', () => {
  test.each(['hub', 'notifiers'])('examples/%s.yaml is good, and names the schema', (name) => {
    const text = readFileSync(`${ROOT}examples/${name}.yaml`, 'utf8');
    expect(verdicts(text)).toEqual({ schema: true, hub: true });
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=../deploy/hub.schema.json');
  });

  test.each([
    '',
    '# nothing but a comment',
    'port: 9000',
    'port: "9000"\ninsecureAnonymous: "true"',
    'trustProxy: [127.0.0.1, "fd00::/8"]\npublicUrl: https://hub.example/auralis/',
    'trustProxy: []',
    'alerts:',
    'alerts: {builtIn: false}',
    'alerts: {rules: [{name: host-cpu, above: 95}, {name: host-disk, enabled: false}]}',
    'notifiers: {}',
    'notifiers: {here: {type: file, path: alerts.jsonl}}',
    `notifiers: {chat: {type: discord, url: "\${DISCORD_WEBHOOK_URL}", severities: [error]}}`,
  ])('good: %j', (text) => expect(verdicts(text)).toEqual({ schema: true, hub: true }));

  test.each([
    'prot: 9000',
    'port: 70000',
    'port: 1.5',
    'port: nine',
    'port: [9000]',
    'port:',
    'host: ""',
    'insecureAnonymous: 1',
    'logLevel: loud',
    'transport: tcp',
    'publicUrl: hub.example',
    'trustProxy: {a: 1}',
    'trustProxy: [1]',
    '- port: 9000',
    'alerts: [1]',
    'alerts: {builtin: false}',
    'alerts: {rules: [{above: 95}]}',
    'alerts: {rules: [{name: host-cpu, above: high}]}',
    'alerts: {rules: [{name: host cpu}]}',
    'alerts: {rules: [{name: host-cpu, forS: -1}]}',
    'alerts: {rules: [{name: host-cpu, severity: bad}]}',
    'alerts: {rules: [{name: x, table: stream, column: status, is: ok}]}',
    'notifiers: {here: {type: fax}}',
    'notifiers: {here: {type: file}}',
    'notifiers: {here: {type: file, path: a, keep: 0}}',
    'notifiers: {here: {type: discord, url: "https://x.example", colour: red}}',
    'notifiers: {here: {type: pagerduty, routingKey: 7}}',
    'notifiers: {"a name": {type: file, path: a}}',
    'notifiers: [{type: file, path: a}]',
  ])('wrong: %j', (text) => expect(verdicts(text)).toEqual({ schema: false, hub: false }));
});

test('no option refuses a value that the hub takes', () => {
  const values = [0, 1, 100, 8000, 1e6, '1', '8000', true, false, 'true', 'false', 'x', 'auto', 'ws', 'info', 'json'];
  const more = ['HTTPS://hub.example', ' http:hub.example', '10.0.0.0/8, ::1', ['::1'], [], 'FILE'];
  let taken = 0;
  for (const [key, { parse: read }] of Object.entries(SERVE_OPTIONS)) {
    for (const value of [...values, ...more]) {
      if ((read as (found: unknown) => unknown)(value) === undefined) continue;
      taken++;
      expect([key, value, takes({ [key]: value })]).toEqual([key, value, true]);
    }
  }
  expect(taken).toBeGreaterThan(80);
});

test('defaults are those of the hub', () => {
  const { properties } = configSchema() as { properties: Record<string, { default?: unknown }> };
  const defaults = Object.entries(properties).flatMap(([key, { default: value }]) =>
    value === undefined ? [] : [[key, value]],
  );
  expect(defaults.length).toBeGreaterThan(10);
  expect(checkOptions({})).toMatchObject(Object.fromEntries(defaults));
});
