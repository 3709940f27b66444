import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Discord } from '@auralis/server/notify/notifiers/discord';
import { Slack } from '@auralis/server/notify/notifiers/slack';
import { Outbound } from '@auralis/server/notify/outbound';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
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
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
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
