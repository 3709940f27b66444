import { lookup } from 'node:dns';
import { AddressGuard, isRefusedAddress, type Resolve } from '@auralis/server/notify/addresses';
import { DeliveryError } from '@auralis/server/notify/notifier';
import { Outbound, parseRetryAfter } from '@auralis/server/notify/outbound';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Receiver } from '../../harness/receiver.js';
import { START } from './world.js';

test.each([
  '169.254.169.254',
  '169.254.0.1',
  '169.254.255.255',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '[::ffff:a9fe:a9fe]',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'fd00:ec2::254',
  '[fd00:ec2::254]',
  '100.100.100.200',
  '168.63.129.16',
  '64:ff9b::169.254.169.254',
  '2002:a9fe:a9fe::1',
])('%s is refused', (address) => expect(isRefusedAddress(address)).toBe(true));

test.each([
  '127.0.0.1',
  '10.0.0.1',
  '192.168.1.1',
  '169.253.1.1',
  '::1',
  'fd00::1',
  'fec0::1',
  '8.8.8.8',
  'hooks.slack.com',
])('%s is not', (address) => expect(isRefusedAddress(address)).toBe(false));

describe('what is sent', () => {
  let receiver: Receiver;
  let outbound: Outbound;
  /** Addresses that names resolve to; others as the system does. */
  let names: Map<string, string[]>;
  let looked: string[];

  const resolve: Resolve = (host, options, callback) => {
    looked.push(host);
    const found = names.get(host);
    if (found === undefined) return lookup(host, options, callback);
    callback(
      null,
      found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  const post = (url: string, from = outbound) => from.send(url, { body: '{}', signal: AbortSignal.timeout(5_000) });
  const failure = (url: string, from = outbound) =>
    post(url, from).then(
      () => null,
      (error: unknown) => error as DeliveryError,
    );

  beforeEach(async () => {
    receiver = await Receiver.start();
    names = new Map([
      ['hooks.test', ['127.0.0.1']],
      ['metadata.test', ['169.254.169.254']],
      ['both.test', ['127.0.0.1', 'fe80::1']],
    ]);
    looked = [];
    outbound = new Outbound([], resolve);
  });

  afterEach(async () => {
    await outbound.close();
    await receiver.stop();
  });

  test('arrives, under the name it was given, by the address that the name has', async () => {
    await post(`http://hooks.test:${receiver.port}/path?query=1`);
    expect(receiver.requests).toMatchObject([{ method: 'POST', path: '/path?query=1', body: '{}' }]);
    expect(receiver.requests[0]?.headers).toMatchObject({
      host: `hooks.test:${receiver.port}`,
      'content-type': 'application/json',
    });
    expect(looked).toEqual(['hooks.test']);
  });

  test.each([
    ['a link-local address', 'http://169.254.169.254/', '169.254.169.254 is link-local or a metadata service'],
    ['the same as a number', 'http://2852039166/', '169.254.169.254 is link-local'],
    ['the same in IPv6', 'http://[::ffff:169.254.169.254]/', 'is link-local'],
    ['a name of such an address', 'http://metadata.test/', 'metadata.test is 169.254.169.254, which is link-local'],
    ['a name of which one address is such', 'http://both.test/', 'both.test is fe80::1, which is link-local'],
  ])('%s is not connected to', async (_, url, message) => {
    const error = await failure(url);
    expect(error).toBeInstanceOf(DeliveryError);
    expect(error?.message).toContain(message);
  });

  test('a name that resolves anew is looked at anew', async () => {
    receiver.behave = () => ({ headers: { connection: 'close' } });
    await post(`http://hooks.test:${receiver.port}/`);
    names.set('hooks.test', ['169.254.169.254']);
    expect((await failure(`http://hooks.test:${receiver.port}/`))?.message).toContain('link-local');
    expect(receiver.requests).toHaveLength(1);
  });

  test('a host that is allowed by name is connected to', () => {
    const open = new AddressGuard(['Metadata.test', '169.254.1.1'], resolve);
    expect(() => open.check('169.254.1.1')).not.toThrow();
    expect(() => open.check('169.254.169.254')).toThrow('allowHosts: [169.254.169.254] would allow it');
    const found: unknown[] = [];
    open.lookup('metadata.test', {}, (error, address) => found.push(error, address));
    expect(found).toEqual([null, '169.254.169.254']);
  });

  test.each([301, 302, 303, 307, 308])('a redirect (%i) is not followed, wherever it leads', async (status) => {
    for (const location of ['http://169.254.169.254/latest/', 'http://elsewhere.test/', `${receiver.url}/again`]) {
      receiver.behave = () => ({ status, headers: { location } });
      const error = await failure(receiver.url);
      expect([error?.message, error?.isFinal]).toEqual([`answered ${status}: redirects are not followed`, false]);
    }
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/', '/', '/']);
    expect(looked).toEqual([]);
  });

  test.each([
    [400, true],
    [413, true],
    [422, true],
    [401, false],
    [403, false],
    [404, false],
    [408, false],
    [410, false],
    [429, false],
    [500, false],
    [503, false],
  ])('%i: final %s', async (status, isFinal) => {
    receiver.behave = () => ({ status, body: 'what it says, with secrets' });
    expect(await failure(receiver.url)).toMatchObject({ message: `answered ${status}`, status, isFinal });
  });

  test('an answer without end is not read to its end, and one that does not come is given up', async () => {
    receiver.behave = () => ({ body: 'x'.repeat(10_000_000) });
    const outgoing = { body: '{}', signal: AbortSignal.timeout(5_000) };
    expect(await outbound.ask(receiver.url, outgoing)).toBe('x'.repeat(64 * 1024));
    receiver.behave = () => 'hang';
    await expect(outbound.send(receiver.url, { body: '{}', signal: AbortSignal.timeout(50) })).rejects.toThrow(
      /timeout/i,
    );
  });

  test('Retry-After is read, in seconds or as a date', async () => {
    receiver.behave = () => ({ status: 429, headers: { 'retry-after': '17' } });
    expect((await failure(receiver.url))?.retryAfterMs).toBe(17_000);
    expect(parseRetryAfter(new Date(START + 5000).toUTCString(), START)).toBe(5000);
    expect(parseRetryAfter('0.65', START)).toBe(650);
    expect([parseRetryAfter(undefined, START), parseRetryAfter('soon', START)]).toEqual([null, null]);
  });
});
