import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { byName } from '@auralis/server/config/place';
import { createNotifier, targetOf } from '@auralis/server/notify/create-notifier';
import { Discord } from '@auralis/server/notify/notifiers/discord';
import { Slack } from '@auralis/server/notify/notifiers/slack';
import { Outbound } from '@auralis/server/notify/outbound';
import { type NotifierSettings, readNotifierSettings } from '@auralis/server/notify/settings';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Context, firing, TELLER } from './world.js';

let server: Server;
let outbound: Outbound;
/** Answers that somebody still listens to. */
const open = new Set<ServerResponse>();

beforeEach(() => {
  outbound = new Outbound();
});
afterEach(async () => {
  await outbound.close();
  server?.closeAllConnections();
  if (server?.listening) await new Promise((resolve) => server?.close(resolve));
});

/** A receiver that answers at once, then says `first`, and never comes to an end. */
async function drip(status: number, first = ' '): Promise<string> {
  server = createServer((request, response) => {
    request.resume();
    response.writeHead(status).write(first);
    const timer = setInterval(() => response.write(' '), 20);
    open.add(response);
    response.on('close', () => {
      clearInterval(timer);
      open.delete(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const outgoing = () => ({ body: '{}', signal: AbortSignal.timeout(8_000) });

test('what was answered with 200 is told, though the rest of the answer never ends, and is not read for ever', async () => {
  await outbound.send(await drip(200), outgoing());
  expect(open.size).toBe(1);
  while (open.size > 0) await new Promise((resolve) => setTimeout(resolve, 50));
});

test('also where the answer is looked into: Discord’s message is then not changed later', async () => {
  const { remember } = await new Discord(`${await drip(200, '{"id":')}/x`, outbound, TELLER).send(
    [firing('x')],
    new Context(),
  );
  expect([...(remember ?? [])]).toEqual([['x', undefined]]);
});

test('and Slack, which says no with 200 too, is read as far as it comes', async () => {
  const apiUrl = await drip(200, '{"ok":true,"channel":"C1","ts":"1.1"}');
  const slack = new Slack({ bot: { token: 't', channel: '#ops', apiUrl }, url: null }, outbound, TELLER);
  const { remember } = await slack.send([firing('x')], new Context());
  expect(remember?.get('x')).toEqual({ channel: 'C1', ts: '1.1', isShared: false });
});

test('what was answered with another status is not', async () => {
  const url = await drip(422, 'no_text');
  await expect(outbound.send(url, outgoing())).rejects.toMatchObject({
    status: 422,
    isFinal: true,
    message: expect.stringMatching(/^answered 422/),
  });
});

describe('a receiver that asks who is there', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

  /** Headers of a request of a notifier with these settings. */
  async function asked(type: 'webhook' | 'alertmanager', user: string, settings: object) {
    let request: IncomingMessage | undefined;
    server = createServer((received, response) => {
      request = received;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://${user}127.0.0.1:${(server.address() as AddressInfo).port}/path`;
    const section = { a: { type, url, ...settings } };
    const [read] = readNotifierSettings(section, byName, {});
    const notifier = createNotifier(read as NotifierSettings, TELLER);
    await notifier.send([firing('x')], new Context());
    await notifier.close?.();
    expect(targetOf(read as NotifierSettings)).not.toContain('pass');
    return request?.headers.authorization;
  }

  describe.each(['webhook', 'alertmanager'] as const)('%s', (type) => {
    test.each([
      ['user:pass@', {}, basic('user:pass')],
      ['us%40er:pa%3Ass%25@', {}, basic('us@er:pa:ss%')],
      ['user@', {}, basic('user:')],
      ['', { user: 'user', password: 'päss' }, basic('user:päss')],
      ['', { bearer: 'token' }, 'Bearer token'],
      ['', {}, undefined],
    ])('%s %j', async (user, settings, header) => {
      expect(await asked(type, user, settings)).toBe(header);
    });
  });

  test.each([
    ['user:pass@', { bearer: 'token' }],
    ['', { user: 'user', password: 'pass', bearer: 'token' }],
    ['', { user: 'user' }],
    ['', { user: 'us:er', password: 'pass' }],
  ])('is told in one way: %s %j', (user, settings) => {
    const section = { a: { type: 'webhook', url: `http://${user}127.0.0.1/`, ...settings } };
    expect(() => readNotifierSettings(section, byName, {})).toThrow(/one of them|without a colon/);
  });
});
