import { once } from 'node:events';
import { topOnce } from '@auralis/client/terminal/top-once';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ScriptedHub, snapshot, subscribed, until } from './scripted-hub.js';

let hub: ScriptedHub;
beforeEach(async () => {
  hub = new ScriptedHub();
  await once(hub.server, 'listening');
});
afterEach(() => hub.close());

const start = () => {
  const options = { url: hub.url, token: null, stream: null, sort: 'latency_ms', filter: '', intervalMs: 1000 };
  return topOnce(options, 80).catch((error: Error) => error);
};

/** Answers all subscriptions but that of connections, and returns that one's number. */
async function answerOthers(): Promise<number> {
  await until(() => hub.of('subscribe').length === 4);
  for (const { sub, topic } of hub.of('subscribe')) {
    if (topic !== 'connections') hub.say(subscribed(sub, sub), snapshot(sub, 1, 'main', 1));
  }
  return hub.of('subscribe').find(({ topic }) => topic === 'connections')?.sub as number;
}

describe('top --once', () => {
  test('waits for rows that the hub wants to be asked for later', async () => {
    const output = start();
    const sub = await answerOthers();
    hub.say([20, sub, 'too_fast', 'more than 64 SUBSCRIBEs within 5 s']);
    await hub.request('subscribe', 5);
    hub.say(subscribed(sub, sub), snapshot(sub, 1, 'alice', 12.5));
    expect(await output).toMatch(/^alice .* 12\.5/m);
  });

  test('ends where the hub refuses what it asks for', async () => {
    const output = start();
    hub.say([20, await answerOthers(), 'bad_view', 'not like this']);
    expect(await output).toMatchObject({ message: `${hub.url} refuses: not like this` });
  });
});
