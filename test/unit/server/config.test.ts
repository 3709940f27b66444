import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, checkOptions, loadOptions } from '@auralis/server/config';
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

describe('refused, naming the place, what was found and what is allowed', () => {
  test.each<[string, () => unknown, string]>([
    ['a flag', () => load({ port: '99999' }, {}), '--port: a whole number from 0 to 65535, not "99999"'],
    ['the environment', () => load({}, { AURALIS_LOG_LEVEL: 'loud' }), 'AURALIS_LOG_LEVEL: one of trace, debug'],
    ['an unknown variable', () => load({}, { AURALIS_PROT: '1' }), 'AURALIS_PROT: unknown; known are AURALIS_HOST'],
    ['the file', () => load({}, {}, 'port: many'), 'hub.yaml: port: a whole number from 0 to 65535, not "many"'],
    ['an unknown key', () => load({}, {}, 'prot: 1'), 'hub.yaml: prot: unknown; known are host, port'],
    ['a broken file', () => load({}, {}, 'port: ['), 'hub.yaml'],
    ['a file that is a list', () => load({}, {}, '- 1'), 'a map of settings'],
    ['a missing file', () => loadOptions({ flags: {}, environment: {}, file: '/nowhere.yaml' }), '/nowhere.yaml'],
    ['a URL', () => load({ publicUrl: 'ftp://x' }, {}), '--public-url: an http or https URL, not "ftp://x"'],
    ['a proxy', () => load({ trustProxy: '10.0.0.0/40' }, {}), '--trust-proxy: addresses or CIDR blocks, such as'],
    [
      'proxies in the file',
      () => load({}, {}, 'trustProxy: [127.0.0.1, 7]'),
      'hub.yaml: trustProxy: addresses or CIDR',
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
