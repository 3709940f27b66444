import { expect } from '@jest/globals';
import { LiveSocket } from '../harness/socket.js';
import type { Attack, Target } from './attack.js';

const TABLES = ['hubs', 'streams', 'connections', 'engines', 'hosts', 'gpus', 'alerts'];
/** The address that the strangers share with an honest dashboard, as behind a NAT. */
const ADDRESS = '127.0.0.9';

/** Dashboards that use up what they may ask, leave, and come again. */
export const usedAllowances: Attack = {
  name: 'dashboards that use up what they may ask and leave do not end an honest one of their address',
  async run(target, isLong) {
    for (let round = 0; round < (isLong ? 20 : 2); round++) {
      await Promise.all(Array.from({ length: 6 }, () => stranger(target)));
      await honest(target);
    }
  },
};

/**
 * Use up the SUBSCRIBEs of five seconds and nearly all refusals of a minute. The hub reads all of it before the
 * close.
 */
async function stranger(target: Target): Promise<void> {
  const live = await dashboard(target);
  for (let sub = 0; sub < 64; sub++) {
    live.request({ kind: 'subscribe', sub, topic: 'hubs', intervalMs: 1000, options: {} });
    live.request({ kind: 'unsubscribe', sub });
  }
  for (let text = 0; text < 59; text++) live.send('x');
  await live.close();
}

/** Show every table, and be told of a view that is wrong. */
async function honest(target: Target): Promise<void> {
  const live = await dashboard(target);
  for (const [sub, topic] of TABLES.entries()) {
    live.request({ kind: 'subscribe', sub, topic, intervalMs: 1000, options: {} });
  }
  const channels = new Set<number>();
  while (channels.size < TABLES.length) channels.add((await live.nextResponse('snapshot')).channel);
  live.request({ kind: 'subscribe', sub: 9, topic: 'gpus', intervalMs: 1000, options: { columns: ['nope'] } });
  expect(await live.nextResponse('error')).toMatchObject({ sub: 9, code: 'unknown_column' });
  live.request({ kind: 'ping', t: 1 });
  await live.nextResponse('pong');
  await live.close();
}

async function dashboard({ hub, auth }: Target): Promise<LiveSocket> {
  const live = new LiveSocket(hub.wsUrl, 'json', { headers: auth.headers('viewer'), localAddress: ADDRESS });
  await live.nextResponse('welcome');
  return live;
}
