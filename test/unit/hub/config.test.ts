import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, checkOptions, loadOptions } from '@auralis/server/hub/config';
import { describe, expect, test } from '@jest/globals';

const file = join(mkdtempSync(join(tmpdir(), 'auralis-')), 'hub.yaml');
const load = (flags: object, environment: Record<string, string>, content?: string) => {
  if (content !== undefined) writeFileSync(file, content);
  return loadOptions({ flags: { ...flags }, environment, file: content === undefined ? undefined : file });
};

test('flag over environment over file over default', () => {
  const options = load(
    { port: '1' },
    { AURALIS_PORT: '2', AURALIS_MAX_CLIENTS: '20' },
    'port: 3\nmaxClients: 30\nlogLevel: warn',
  );
  expect(options).toMatchObject({ port: 1, maxClients: 20, logLevel: 'warn', host: '127.0.0.1' });
  expect(Object.isFrozen(options)).toBe(true);
});

test('proxies are a list, in whichever form', () => {
  const both = ['127.0.0.1', 'fd00::/8'];
  expect(load({ trustProxy: '127.0.0.1, fd00::/8' }, {}).trustProxy).toEqual(both);
  expect(load({}, {}, 'trustProxy: [127.0.0.1, fd00::/8]').trustProxy).toEqual(both);
  expect(load({}, {}).trustProxy).toEqual([]);
});

test('a config file may be JSON', () => expect(load({}, {}, '{"port": 9000}').port).toBe(9000));

describe('an address beyond loopback without an auth file', () => {
  const refusal = 'give --auth-file, or listen on 127.0.0.1, or say --insecure-anonymous';
  test.each<[string, () => unknown]>([
    ['a flag', () => load({ host: '0.0.0.0' }, {})],
    ['the environment', () => load({}, { AURALIS_HOST: '::' })],
    ['the file', () => load({}, {}, 'host: 192.0.2.1')],
    ['a name', () => load({ host: 'hub.example' }, {})],
    ['a program', () => checkOptions({ host: '0.0.0.0' })],
    ['the flag taken back', () => load({ host: '::' }, { AURALIS_INSECURE_ANONYMOUS: 'false' })],
  ])('is refused with the fix named: %s', (_, action) => {
    expect(action).toThrow(ConfigError);
    expect(action).toThrow(refusal);
  });

  test('is taken if somebody says so, by flag, environment, file or program', () => {
    const anywhere = { host: '0.0.0.0', insecureAnonymous: true };
    expect(load(anywhere, {})).toMatchObject(anywhere);
    expect(load({ host: '0.0.0.0' }, { AURALIS_INSECURE_ANONYMOUS: 'true' })).toMatchObject(anywhere);
    expect(load({}, {}, 'host: 0.0.0.0\ninsecureAnonymous: true')).toMatchObject(anywhere);
    expect(checkOptions(anywhere)).toMatchObject(anywhere);
  });

  test('is taken with an auth file, and loopback without', () => {
    const authFile = join(mkdtempSync(join(tmpdir(), 'auralis-')), 'auth.yaml');
    writeFileSync(authFile, 'anonymous: [listener]');
    expect(load({ host: '0.0.0.0', authFile }, {})).toMatchObject({ host: '0.0.0.0', insecureAnonymous: false });
    for (const host of ['localhost', '127.0.0.2', '::1']) expect(load({ host }, {}).host).toBe(host);
  });
});

describe('refused, naming the place, what was found and what is allowed', () => {
  test.each<[string, () => unknown, string]>([
    ['a flag', () => load({ port: '99999' }, {}), '--port: a whole number from 0 to 65535, not "99999"'],
    ['the environment', () => load({}, { AURALIS_LOG_LEVEL: 'loud' }), 'AURALIS_LOG_LEVEL: one of trace, debug'],
    ['an unknown variable', () => load({}, { AURALIS_PROT: '1' }), 'AURALIS_PROT: unknown; known are AURALIS_HOST'],
    [
      'a flag with a value of another kind',
      () => load({}, { AURALIS_INSECURE_ANONYMOUS: 'yes' }),
      'true or false, not',
    ],
    ['the file', () => load({}, {}, 'port: many'), 'hub.yaml:1:1: port: a whole number from 0 to 65535, not "many"'],
    ['an unknown key', () => load({}, {}, 'prot: 1'), 'hub.yaml:1:1: prot: unknown; known are host, port'],
    ['a broken file', () => load({}, {}, 'host: a\nport: ['), 'hub.yaml:2:8: '],
    ['a file that is a list', () => load({}, {}, '- 1'), 'a map of settings'],
    ['a missing file', () => loadOptions({ flags: {}, environment: {}, file: '/nowhere.yaml' }), '/nowhere.yaml'],
    ['a URL', () => load({ publicUrl: 'ftp://x' }, {}), '--public-url: an http or https URL, not "ftp://x"'],
    ['a proxy', () => load({ trustProxy: '10.0.0.0/40' }, {}), '--trust-proxy: addresses or CIDR blocks, such as'],
    [
      'proxies in the file',
      () => load({}, {}, 'trustProxy: [127.0.0.1, 7]'),
      'hub.yaml:1:1: trustProxy: addresses or CIDR',
    ],
    ['a program', () => checkOptions({ port: 1.5 }), 'port: a whole number'],
    [
      'a section of a program',
      () => checkOptions({ alerts: { rules: [{ name: 'host-cpu', above: 'much' as never }] } }),
      'alerts.rules[0].above: a number, not "much"',
    ],
    ['a key of a program', () => checkOptions({ prot: 1 } as object), 'prot: unknown'],
  ])('%s', (_, action, message) => {
    expect(action).toThrow(ConfigError);
    expect(action).toThrow(message);
  });
});

/** Return the faults, a line each, without the folder of the file. */
function problemsOf(action: () => unknown): string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.replace(/^\/.*\/hub/, 'hub'));
    throw error;
  }
  return [];
}

const BAD = `port: many
colour: red
notifiers:
  hook: { type: webhook, url: ftp://x, secret: '\${NOWHERE}' }
  mail: { type: email, host: h, to: [d@e.f], user: u }
alerts:
  rules:
    - name: host-cpu
      above: much
      belwo: 1
    - &mine
      name: mine
      table: hosts
      column: cpu_percent
      above: 1
      clear: 2
      windowS: 60
      while: ['cpu_percent > 1', 'nope > 1']
    - <<: *mine
      table: hosts
      column: nope
    - { name: other }
`;

test('all that is wrong is said at once, each with its line and column', () => {
  expect(problemsOf(() => load({ maxClients: '0' }, { AURALIS_PROT: '1', AURALIS_LOG_LEVEL: 'loud' }, BAD))).toEqual([
    expect.stringMatching(/^hub.yaml:2:1: colour: unknown; known are host, /),
    expect.stringMatching(/^AURALIS_PROT: unknown; known are /),
    'hub.yaml:1:1: port: a whole number from 0 to 65535, not "many"',
    '--max-clients: a whole number from 1 to 1000000, not "0"',
    expect.stringMatching(/^AURALIS_LOG_LEVEL: one of trace, .*, not "loud"$/),
    'hub.yaml:9:7: alerts.rules[0].above: a number, not "much"',
    expect.stringMatching(/^hub.yaml:10:7: alerts.rules\[0\].belwo: unknown; known are name, /),
    'hub.yaml:19:7: alerts.rules[2].name: text, not nothing',
    expect.stringMatching(/^hub.yaml:19:7: alerts.rules\[2\].<<: unknown; known are name, /),
    expect.stringMatching(/^hub.yaml:22:7: alerts.rules\[3\].table: is needed, .* no built-in rule of the name other/),
    'hub.yaml:16:7: alerts.rules[1].clear: at most 1, where it fires, not 2: it would clear as it fires',
    'hub.yaml:17:7: alerts.rules[1].windowS: cpu_percent is no counter',
    expect.stringMatching(/^hub.yaml:18:34: alerts.rules\[1\].while\[1\]: hosts has no column "nope"; /),
    'hub.yaml:4:26: notifiers.hook.url: an http or https URL (what stands there is not shown)',
    'hub.yaml:4:40: notifiers.hook.secret: the environment has no NOWHERE',
    'hub.yaml:5:3: notifiers.mail.from: text, not nothing',
  ]);
});

test('and all that keeps a file from being read', () => {
  expect(problemsOf(() => load({}, {}, 'port: 1\nport: 2\nhost: [\n'))).toEqual([
    expect.stringMatching(/^hub.yaml:2:1: Map keys must be unique/),
    expect.stringMatching(/^hub.yaml:4:1: /),
  ]);
  expect(problemsOf(() => load({}, {}, 'host: *nowhere'))).toEqual([expect.stringMatching(/^hub.yaml.*nowhere/)]);
});
