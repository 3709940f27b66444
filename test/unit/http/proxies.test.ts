import { pathBelow, prefixOf } from '@auralis/server/http/prefix';
import { isAddressBlock, TrustedProxies } from '@auralis/server/http/proxies';
import { describe, expect, test } from '@jest/globals';

describe('who asks', () => {
  const proxies = new TrustedProxies(['127.0.0.1', '10.0.0.0/8', 'fd00::/8']);

  test.each<[string, string, string | null, string]>([
    ['without a proxy', '203.0.113.9', null, '203.0.113.9'],
    ['through one that is not trusted', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['through one that is', '127.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['through two that are', '127.0.0.1', '198.51.100.1, 10.1.2.3', '198.51.100.1'],
    ['with an invention in front', '127.0.0.1', '1.2.3.4,127.0.0.1, 198.51.100.1', '198.51.100.1'],
    ['through one that is not, and then one that is', '10.9.9.9', '1.2.3.4, 198.51.100.7', '198.51.100.7'],
    ['all of them trusted', '127.0.0.1', '10.0.0.5, 10.0.0.6', '10.0.0.5'],
    ['what is no address', '127.0.0.1', '198.51.100.1, unknown', '127.0.0.1'],
    ['nothing said', '127.0.0.1', '', '127.0.0.1'],
    ['with a port', '127.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
    ['IPv6', 'fd00::1', '2001:db8::7', '2001:db8::7'],
    ['IPv6 with a port', 'fd00::1', '[2001:db8::7]:4711', '2001:db8::7'],
  ])('%s', (_, peer, forwardedFor, client) => expect(proxies.clientOf(peer, forwardedFor)).toBe(client));

  test.each([
    ['127.0.0.1', true],
    ['10.0.0.0/8', true],
    ['::1', true],
    ['fd00::/8', true],
    ['10.0.0.0/33', false],
    ['10.0.0.0/', false],
    ['10.0.0.0/8/8', false],
    ['10.0.0.0/-1', false],
    ['proxy.example.org', false],
    ['', false],
  ])('%j is an address or a block: %s', (text, is) => expect(isAddressBlock(text)).toBe(is));
});

test.each([
  [null, ''],
  ['https://example.org', ''],
  ['https://example.org/', ''],
  ['https://example.org/auralis/', '/auralis'],
  ['https://example.org/a/b', '/a/b'],
])('prefix of %s', (url, prefix) => expect(prefixOf(url)).toBe(prefix));

test.each([
  ['/auralis', '/auralis/api/v1/live', '/api/v1/live'],
  ['/auralis', '/api/v1/live', '/api/v1/live'],
  ['/auralis', '/auralis', '/'],
  ['/auralis', '/auralis/', '/'],
  ['/auralis', '/auralisation', '/auralisation'],
  ['', '/api', '/api'],
])('below %j, %s is %s', (prefix, path, below) => expect(pathBelow(prefix, path)).toBe(below));
