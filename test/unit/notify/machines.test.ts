import { readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Transition } from '@auralis/server/alerts/alert';
import { Alertmanager } from '@auralis/server/notify/notifiers/alertmanager';
import { File } from '@auralis/server/notify/notifiers/file';
import { PagerDuty } from '@auralis/server/notify/notifiers/pagerduty';
import { Webhook } from '@auralis/server/notify/notifiers/webhook';
import { Outbound } from '@auralis/server/notify/outbound';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { newDataDir } from '../../harness/hub.js';
import { Receiver, type Reply } from '../../harness/receiver.js';
import { Context, firing, resolved, START, TELLER } from './world.js';

const iso = (at: number) => new Date(at).toISOString();

let receiver: Receiver;
let outbound: Outbound;
let context: Context;

beforeEach(async () => {
  receiver = await Receiver.start();
  outbound = new Outbound();
  context = new Context();
});
afterEach(async () => {
  await outbound.close();
  await receiver.stop();
});

describe('a webhook', () => {
  test('is told a transition a request, with its key and a signature', async () => {
    const secret = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
    await new Webhook({ url: `${receiver.url}/hook`, secret }, outbound, TELLER).send([firing('x')], context);
    const [request] = receiver.requests;
    expect(JSON.parse(request?.body ?? '')).toEqual({
      type: 'alert.firing',
      timestamp: iso(START + 1000),
      hub: 'hub-1',
      data: firing('x'),
    });
    expect(request?.headers).toMatchObject({
      'idempotency-key': 'x:firing',
      'webhook-id': 'x:firing',
      'webhook-timestamp': String(START / 1000 + 2),
      // openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef -binary | base64, over id.timestamp.body
      'webhook-signature': 'v1,uBiyzQwVH2MgEAZTLFwXPlaYV3DuEvdWjbhQ4ve47j4=',
    });
  });

  test('is not signed without a secret', async () => {
    await new Webhook({ url: receiver.url, secret: null }, outbound, TELLER).send([resolved('x')], context);
    expect(receiver.requests[0]?.headers['webhook-signature']).toBeUndefined();
  });
});

describe('PagerDuty', () => {
  /** As Events API v2 checks what it is sent. */
  const pagerDuty = ({ body }: { body: string }): Reply => {
    const no = (message: string) => ({ status: 400, body: JSON.stringify({ status: 'invalid event', message }) });
    const { routing_key, event_action, dedup_key, payload } = JSON.parse(body) as Record<string, unknown>;
    if (routing_key !== 'r'.repeat(32)) return no('Invalid routing key');
    if (event_action !== 'trigger' && event_action !== 'resolve') return no('event_action');
    if (typeof dedup_key !== 'string' || dedup_key.length > 255) return no('dedup_key');
    if (event_action === 'trigger') {
      const { summary, source, severity, timestamp } = payload as Record<string, string>;
      if (typeof summary !== 'string' || summary === '' || summary.length > 1024) return no('summary');
      if (typeof source !== 'string' || source === '') return no('source');
      if (!['critical', 'error', 'warning', 'info'].includes(severity ?? '')) return no('severity');
      if (Number.isNaN(Date.parse(timestamp ?? ''))) return no('timestamp');
    }
    return { status: 202, body: JSON.stringify({ status: 'success', message: 'Event processed', dedup_key }) };
  };
  const newPagerDuty = (routingKey = 'r'.repeat(32)) =>
    new PagerDuty({ routingKey, url: `${receiver.url}/v2/enqueue` }, outbound, TELLER);

  beforeEach(() => {
    receiver.behave = pagerDuty;
  });

  test('an incident is triggered and resolved under one key', async () => {
    await newPagerDuty().send([firing('x')], context);
    await newPagerDuty().send([resolved('x')], context);
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/v2/enqueue', '/v2/enqueue']);
    expect(receiver.bodies).toEqual([
      {
        routing_key: 'r'.repeat(32),
        event_action: 'trigger',
        dedup_key: 'x',
        client: 'Auralis Hub',
        client_url: 'http://hub.test:8000',
        payload: {
          summary: 'Title of x: Message of x',
          source: 'hub-1',
          severity: 'error',
          timestamp: iso(START + 1000),
          class: 'dropped-chunks',
          component: 'main',
          custom_details: {
            key: 'x:firing',
            labels: { stream: 'main' },
            count: 3,
            value: 12.5,
            blame: 'network',
            evidence: '39 of 40 others are well',
          },
        },
      },
      { routing_key: 'r'.repeat(32), event_action: 'resolve', dedup_key: 'x' },
    ]);
  });

  test.each(['info', 'warning', 'error', 'critical'] as const)('%s is a severity of its own', async (severity) => {
    await newPagerDuty().send([firing('x', { severity, title: 't'.repeat(2000), labels: {} })], context);
  });

  test('a key that it does not know is said, without the key', async () => {
    const error = await newPagerDuty('wrong')
      .send([firing('x')], context)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: 'answered 400: Invalid routing key', isFinal: true });
  });
});

describe('Alertmanager', () => {
  const newAlertmanager = () => new Alertmanager(`${receiver.url}/am/`, outbound, TELLER);
  const posted = () => receiver.requests.map(({ path, body }) => [path, JSON.parse(body)] as const);

  test('an alert is told by its labels, and its end under the same, whatever they are by then', async () => {
    const notifier = newAlertmanager();
    context.remember(
      (await notifier.send([firing('x', { labels: { stream: 'main', 'odd name': 'v' } })], context)).remember,
    );
    context.now = START + 61_000;
    context.remember(
      (await notifier.send([resolved('x', { labels: { stream: 'main', more: 'v' } })], context)).remember,
    );
    const labels = {
      stream: 'main',
      odd_name: 'v',
      alertname: 'dropped-chunks',
      severity: 'error',
      hub: 'hub-1',
      alert_id: 'x',
    };
    const annotations = {
      summary: 'Title of x',
      description: 'Message of x',
      count: '3',
      value: '12.5',
      blame: 'network',
      evidence: '39 of 40 others are well',
    };
    const alert = { labels, annotations, startsAt: iso(START), generatorURL: 'http://hub.test:8000' };
    expect(posted()).toEqual([
      ['/am/api/v2/alerts', [{ ...alert, endsAt: iso(START + 2_000 + 300_000) }]],
      ['/am/api/v2/alerts', [{ ...alert, endsAt: iso(START + 60_000) }]],
    ]);
    expect(context.memory.size).toBe(0);
  });

  test('what waited together is one request, an alert each as it stands last', async () => {
    context.now = START + 61_000;
    context.remember((await newAlertmanager().send([firing('x'), firing('y'), resolved('x')], context)).remember);
    expect(posted()[0]?.[1]).toMatchObject([
      { labels: { alert_id: 'x' }, endsAt: iso(START + 60_000) },
      { labels: { alert_id: 'y' } },
    ]);
    expect([...context.memory.keys()]).toEqual(['y']);
  });

  test('a clock that was set back leaves no alert that starts after it ends, nor one that ends in the future', async () => {
    const notifier = newAlertmanager();
    context.remember((await notifier.send([firing('x')], context)).remember);
    context.now = START - 3_600_000;
    await notifier.repeat([...context.memory.values()] as Transition[], context);
    await notifier.send([resolved('x')], context);
    expect(posted().slice(1)).toMatchObject([
      ['/am/api/v2/alerts', [{ startsAt: iso(context.now), endsAt: iso(context.now + 300_000) }]],
      ['/am/api/v2/alerts', [{ startsAt: iso(context.now), endsAt: iso(context.now) }]],
    ]);
  });

  test('what fires is repeated, a hundred a request', async () => {
    await newAlertmanager().repeat(
      Array.from({ length: 250 }, (_, n) => firing(`x${n}`)),
      context,
    );
    expect(posted().map(([, alerts]) => (alerts as unknown[]).length)).toEqual([100, 100, 50]);
  });
});

describe('a file', () => {
  test('has a line for each transition, and is put aside at its size', async () => {
    const dir = newDataDir();
    const file = new File({ path: join(dir, 'alerts.jsonl'), maxBytes: 1000, keep: 2 });
    for (let n = 0; n < 12; n++) await file.send([firing(`x${n}`), resolved(`x${n}`)]);
    const names = readdirSync(dir)
      .filter((name) => name.endsWith('jsonl') || /\.\d$/.test(name))
      .sort();
    expect(names).toEqual(['alerts.jsonl', 'alerts.jsonl.1', 'alerts.jsonl.2']);
    const lines = [...names].reverse().flatMap((name) => readFileSync(join(dir, name), 'utf8').trim().split('\n'));
    const kept = lines.filter((line) => line !== '').map((line) => (JSON.parse(line) as { key: string }).key);
    expect(kept.at(-1)).toBe('x11:resolved');
    expect(kept.length).toBeGreaterThan(3);
    rmSync(dir, { recursive: true });
  });

  test('that cannot be written is an error, and works again when it can', async () => {
    const dir = newDataDir();
    const file = new File({ path: join(dir, 'taken', 'alerts.jsonl'), maxBytes: 1000, keep: 2 });
    writeFileSync(join(dir, 'taken'), '');
    await expect(file.send([firing('x')])).rejects.toThrow(/ENOTDIR|EEXIST/);
    unlinkSync(join(dir, 'taken'));
    await file.send([firing('x')]);
    expect(readFileSync(join(dir, 'taken', 'alerts.jsonl'), 'utf8')).toContain('x:firing');
    rmSync(dir, { recursive: true });
  });

  test('begins a line of its own after one that was cut off, so that none is lost but that', async () => {
    const dir = newDataDir();
    const path = join(dir, 'alerts.jsonl');
    writeFileSync(path, '{"key":"whole"}\n{"key":"cut o');
    await new File({ path, maxBytes: 1000, keep: 2 }).send([firing('x')]);
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines.slice(0, 2)).toEqual(['{"key":"whole"}', '{"key":"cut o']);
    expect(lines.slice(2).map((line) => line && (JSON.parse(line) as { key: string }).key)).toEqual(['x:firing', '']);
    rmSync(dir, { recursive: true });
  });

  test('that is none is refused', async () => {
    const file = new File({ path: '/dev/null', maxBytes: 1000, keep: 2 });
    await expect(file.send([firing('x')])).rejects.toThrow('/dev/null is not a file');
  });
});
