import { once } from 'node:events';
import { HubLink, isRefused } from '@auralis/client/terminal/hub-link';
import { copiesOf } from '@auralis/client/terminal/view-row';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { delta, ScriptedHub, SOURCE, snapshot, subscribed, until } from './scripted-hub.js';

const WISH = { topic: 'connections', intervalMs: 1000, columns: ['latency_ms'] };

let hub: ScriptedHub;
let link: HubLink | undefined;
beforeEach(async () => {
  hub = new ScriptedHub();
  await once(hub.server, 'listening');
});
afterEach(async () => {
  link?.live.close();
  link = undefined;
  await hub.close();
});

function connect(url = hub.url) {
  const statuses: string[] = [];
  const connected: HubLink = new HubLink(url, null, () => statuses.push(connected.status.kind));
  link = connected;
  return { link: connected, rows: connected.follow(WISH, () => {}), statuses };
}

describe('a link to a hub', () => {
  test('brings rows and confirms frames', async () => {
    const { link, rows, statuses } = connect();
    expect(link.status).toEqual({ kind: 'connecting', why: null });
    const { sub, topic, options } = await hub.request('subscribe');
    expect([topic, options]).toEqual(['connections', { columns: ['latency_ms'], ack: true }]);
    hub.say(subscribed(sub, 7), snapshot(7, 3, 'a', 1.5), delta(7, 4, 2.5));
    await hub.request('ack', 2);
    expect(hub.of('ack')[1]).toEqual({ kind: 'ack', channel: 7, source: SOURCE, seq: 4 });
    expect(copiesOf(rows)).toEqual([
      {
        key: 'a',
        attributes: { stream: 'main', client: 'a', address: '', reason: '' },
        values: { latency_ms: 2.5 },
      },
    ]);
    expect([link.status, link.error, statuses]).toEqual([{ kind: 'live' }, null, ['live']]);
  });

  test('is behind from BEHIND to the SNAPSHOT', async () => {
    const { link, statuses } = connect();
    const { sub } = await hub.request('subscribe');
    hub.say(subscribed(sub, 7), snapshot(7, 1, 'a', 1), [23, 7, 3, 2500]);
    await until(() => link.status.kind === 'behind');
    hub.say(snapshot(7, 9, 'a', 2));
    await until(() => link.status.kind === 'live');
    expect(statuses).toEqual(['live', 'behind', 'live']);
  });

  test('that is lost is made again, and the rows stay until the first snapshot', async () => {
    const { link, rows } = connect();
    const first = await hub.request('subscribe');
    hub.say(subscribed(first.sub, 7), snapshot(7, 1, 'old', 1));
    await until(() => rows.ready);
    const before = Date.now();
    hub.peer?.close(4000, 'the hub is shutting down');
    const { status, error } = await until(() => link.status.kind === 'reconnecting' && link);
    expect(status).toEqual({
      kind: 'reconnecting',
      sinceMs: expect.any(Number),
      why: 'closed with 4000: the hub is shutting down',
    });
    expect((status as { sinceMs: number }).sinceMs).toBeGreaterThanOrEqual(before);
    expect(error?.message).toBe(`no hub at ${hub.url}: closed with 4000: the hub is shutting down`);
    expect([...rows.rows.keys()]).toEqual(['old']);
    await hub.request('subscribe', 2);
    hub.say(subscribed(first.sub, 3), snapshot(3, 0, 'new', 1));
    await until(() => rows.ready);
    expect([...rows.rows.keys()]).toEqual(['new']);
  });

  test('that stays lost was lost when it was lost first', async () => {
    const { link } = connect();
    await hub.request('subscribe');
    const lost = until(() => link.status.kind === 'reconnecting' && link.status);
    await hub.close();
    const first = await lost;
    await until(() => link.status.kind === 'reconnecting' && link.status.why.includes('ECONNREFUSED'));
    expect((link.status as typeof first).sinceMs).toBe((first as typeof first & { sinceMs: number }).sinceMs);
    hub = new ScriptedHub();
  });

  test('that the hub ends for good is not made again', async () => {
    const { link, statuses } = connect();
    await hub.request('subscribe');
    hub.peer?.close(4101, 'no');
    await until(() => link.status.kind === 'ended');
    expect(link.status).toEqual({ kind: 'ended', why: 'no; set AURALIS_TOKEN, or give --token' });
    expect(link.error?.message).toBe(`${hub.url} refuses: no; set AURALIS_TOKEN, or give --token`);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect([hub.connections, statuses]).toEqual([1, ['live', 'ended']]);
  });

  test('on which something unreadable comes is made again', async () => {
    const { link, statuses } = connect();
    await hub.request('subscribe');
    hub.say([99, 'from a later version']);
    await until(() => hub.connections === 2);
    await until(() => link.status.kind === 'live');
    expect(statuses).toEqual(['live', 'reconnecting', 'live']);
  });

  test('where nobody listens says so, and goes on trying', async () => {
    const { url } = hub;
    await hub.close();
    const { link } = connect(url);
    await until(() => link.error !== null);
    expect(link.status).toEqual({ kind: 'connecting', why: expect.stringMatching(/^connect ECONNREFUSED/) });
    expect(link.error?.message).toMatch(/^no hub at http:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED/);
    hub = new ScriptedHub();
  });

  test('to a server that is no hub ends', async () => {
    const { link, statuses } = connect(`${hub.url}/elsewhere`);
    await until(() => link.status.kind === 'ended');
    expect(link.error?.message).toBe(`${hub.url}/elsewhere refuses: answered 400: Bad Request`);
    expect(statuses).toEqual(['ended']);
  });
});

test.each([
  [null, false],
  [{ code: 'unknown_topic', message: '' }, true],
  [{ code: 'too_fast', message: '' }, false],
])('the error %j of a subscription: refused is %j', (error, refused) => {
  expect(isRefused({ error })).toBe(refused);
});
