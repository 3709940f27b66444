import { clip } from '@auralis/server/notify/message-text';
import { DeliveryError } from '@auralis/server/notify/notifier';
import { Discord } from '@auralis/server/notify/notifiers/discord';
import { Slack } from '@auralis/server/notify/notifiers/slack';
import { Outbound } from '@auralis/server/notify/outbound';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Receiver, type Reply } from '../../harness/receiver.js';
import { Context, firing, resolved, START, TELLER } from './world.js';

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

test('a text that is shortened keeps its pairs of surrogates whole', () => {
  expect(clip('abc', 3)).toBe('abc');
  expect(clip('abcd', 3)).toBe('ab…');
  expect(clip('a😀😀', 4)).toBe('a😀…');
  expect(clip('a😀😀', 3)).toBe('a…');
});

describe('Slack, by a bot', () => {
  /** As chat.postMessage and chat.update check what they are sent. */
  const slack = (requests: { path: string; headers: object; body: string }, nth: number): Reply => {
    const ok = (answer: object) => ({ body: JSON.stringify({ ok: true, ...answer }) });
    const no = (error: string) => ({ body: JSON.stringify({ ok: false, error }) });
    const { authorization } = requests.headers as { authorization?: string };
    if (authorization !== 'Bearer xoxb-token') return no('not_authed');
    const body = JSON.parse(requests.body) as Record<string, unknown>;
    if (typeof body.text !== 'string' || body.text === '') return no('no_text');
    if (body.text.length > 40_000) return no('msg_too_long');
    if (!Array.isArray(body.attachments) || body.attachments.length > 100) return no('invalid_attachments');
    if (requests.path === '/api/chat.postMessage')
      return body.channel === 'C1' || body.channel === '#ops'
        ? ok({ channel: 'C1', ts: `1.${nth}` })
        : no('channel_not_found');
    if (requests.path !== '/api/chat.update') return { status: 404 };
    return body.channel === 'C1' && body.ts === '1.1' ? ok({ channel: 'C1', ts: '1.1' }) : no('message_not_found');
  };
  const newSlack = (token = 'xoxb-token') =>
    new Slack({ bot: { token, channel: '#ops', apiUrl: `${receiver.url}/api` }, url: null }, outbound, TELLER);
  const calls = () =>
    receiver.requests.map(
      ({ path, body }) => [path.replace('/api/chat.', ''), JSON.parse(body) as Record<string, unknown>] as const,
    );

  beforeEach(() => {
    receiver.behave = slack;
  });

  test('posts an alert, and changes that message when it is over', async () => {
    const notifier = newSlack();
    context.remember((await notifier.send([firing('x', { title: 'Drops of <!channel> & co' })], context)).remember);
    context.remember((await notifier.send([resolved('x')], context)).remember);
    const [[first, posted], [second, updated]] = calls() as [ReturnType<typeof calls>[0], ReturnType<typeof calls>[0]];
    expect([first, second]).toEqual(['postMessage', 'update']);
    expect(posted).toMatchObject({
      channel: '#ops',
      mrkdwn: false,
      unfurl_links: false,
      unfurl_media: false,
      text: 'ERROR: Drops of &lt;!channel&gt; &amp; co (main)',
      attachments: [
        {
          color: '#d9534f',
          text: 'Message of x\nBlame: network, because 39 of 40 others are well',
          mrkdwn_in: [],
          ts: (START + 1000) / 1000,
        },
      ],
    });
    expect(updated).toMatchObject({
      channel: 'C1',
      ts: '1.1',
      text: 'RESOLVED: Title of x (main)',
      attachments: [{ color: '#2e9e5b' }],
    });
    expect(context.memory.size).toBe(0);
  });

  test('what waited together is one message, and the end of one of them is told in its thread', async () => {
    const notifier = newSlack();
    context.remember((await notifier.send([firing('x'), firing('y'), firing('z'), resolved('z')], context)).remember);
    expect([...context.memory.keys()]).toEqual(['x', 'y']);
    context.remember((await notifier.send([resolved('x'), firing('new')], context)).remember);
    expect(calls().map(([method, { text, thread_ts }]) => [method, text, thread_ts])).toEqual([
      ['postMessage', '3 alerts: 2 firing, 1 over; ERROR: Title of x (main)', undefined],
      ['postMessage', 'RESOLVED: Title of x (main)', '1.1'],
      ['postMessage', 'ERROR: Title of new (main)', undefined],
    ]);
    expect(
      ((calls()[0] as ReturnType<typeof calls>[0])[1].attachments as { title: string }[]).map(({ title }) => title),
    ).toEqual(['ERROR: Title of x (main)', 'ERROR: Title of y (main)', 'CAME AND WENT: Title of z (main)']);
    expect([...context.memory.keys()]).toEqual(['y', 'new']);
  });

  test('a message that cannot be changed any more is answered in its thread', async () => {
    context.memory.set('x', { channel: 'C1', ts: '0.9', isShared: false });
    await newSlack().send([resolved('x')], context);
    expect(calls().map(([method, { thread_ts }]) => [method, thread_ts])).toEqual([
      ['update', undefined],
      ['postMessage', '0.9'],
    ]);
  });

  test.each([
    ['not_authed', false, () => newSlack('wrong'), null],
    ['invalid_blocks', true, () => newSlack(), { body: '{"ok":false,"error":"invalid_blocks"}' }],
    ['an answer that is not Slack’s', false, () => newSlack(), { body: '<html>' }],
    [
      'answered 429: ratelimited',
      false,
      () => newSlack(),
      { status: 429, headers: { 'retry-after': '30' }, body: '{"ok":false,"error":"ratelimited"}' },
    ],
  ] as [string, boolean, () => Slack, Reply | null][])(
    '200 or not, it says no: %s',
    async (message, isFinal, make, reply) => {
      if (reply !== null) receiver.behave = () => reply;
      const error = await make()
        .send([firing('x')], context)
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(DeliveryError);
      expect(error).toMatchObject({ message, isFinal, retryAfterMs: reply?.status === 429 ? 30_000 : null });
    },
  );

  test('long texts keep within the limits', async () => {
    const long = 'ö'.repeat(50_000);
    const many = Array.from({ length: 20 }, (_, n) => firing(`x${n}`, { title: long, message: long }));
    await newSlack().send(many, context);
    expect((receiver.requests[0]?.body.length ?? 0) < 40_000).toBe(true);
  });
});

test('Slack, by an incoming webhook: a second message says that it is over', async () => {
  receiver.behave = () => ({ body: 'ok' });
  const notifier = new Slack({ bot: null, url: `${receiver.url}/services/T/B/x` }, outbound, TELLER);
  expect(await notifier.send([firing('x')], context)).toEqual({});
  await notifier.send([resolved('x')], context);
  expect(receiver.bodies.map(({ text }) => text)).toEqual(['ERROR: Title of x (main)', 'RESOLVED: Title of x (main)']);
  receiver.behave = () => ({ status: 404, body: 'channel_not_found' });
  await expect(notifier.send([firing('y')], context)).rejects.toThrow('answered 404: channel_not_found');
});

describe('Discord', () => {
  interface Embed {
    readonly title: string;
    readonly description: string;
    readonly color: number;
    readonly timestamp: string;
  }

  /** As Execute Webhook and Edit Webhook Message check what they are sent. */
  const discord = ({ method, path, body }: { method: string; path: string; body: string }): Reply => {
    const { content, embeds, allowed_mentions } = JSON.parse(body) as {
      content: string;
      embeds: Embed[];
      allowed_mentions: { parse: [] };
    };
    const lengths = embeds.map(({ title, description }) => [title.length, description.length] as const);
    const isFine =
      content.length <= 2000 &&
      embeds.length <= 10 &&
      allowed_mentions.parse.length === 0 &&
      lengths.every(([title, description]) => title <= 256 && description <= 4096) &&
      lengths.reduce((sum, [title, description]) => sum + title + description, 0) + embeds.length * 'hub-1'.length <=
        6000 &&
      embeds.every(
        ({ color, timestamp }) =>
          Number.isInteger(color) && color <= 0xffffff && timestamp === new Date(timestamp).toISOString(),
      );
    if (!isFine) return { status: 400, body: '{"message":"Invalid Form Body","code":50035}' };
    if (method === 'POST')
      return path === '/api/webhooks/1/token?thread_id=5&wait=true' ? { body: '{"id":"900"}' } : { status: 204 };
    return path === '/api/webhooks/1/token/messages/900?thread_id=5'
      ? { body: '{"id":"900"}' }
      : { status: 404, body: '{"message":"Unknown Message","code":10008}' };
  };
  const newDiscord = () => new Discord(`${receiver.url}/api/webhooks/1/token?thread_id=5`, outbound, TELLER);

  beforeEach(() => {
    receiver.behave = discord;
  });

  test('posts an alert, and changes that message when it is over', async () => {
    const notifier = newDiscord();
    context.remember((await notifier.send([firing('x')], context)).remember);
    expect(context.memory.get('x')).toBe('900');
    context.remember((await notifier.send([resolved('x')], context)).remember);
    expect(receiver.requests.map(({ method }) => method)).toEqual(['POST', 'PATCH']);
    expect(receiver.bodies[0]).toEqual({
      content: 'ERROR: Title of x (main)',
      embeds: [
        {
          title: 'ERROR: Title of x (main)',
          description: 'Message of x\nBlame: network, because 39 of 40 others are well',
          color: 0xd9534f,
          timestamp: new Date(START + 1000).toISOString(),
          footer: { text: 'hub-1' },
        },
      ],
      allowed_mentions: { parse: [] },
    });
    expect(receiver.bodies[1]).toMatchObject({ content: 'RESOLVED: Title of x (main)' });
    expect(context.memory.size).toBe(0);
  });

  test('what strangers call themselves is text: no link, no mark, no mention', async () => {
    const name = '[free](https://evil.test) <@1> @everyone **x** _y_ `z` ||s|| ~~t~~';
    await newDiscord().send([firing('x', { title: name, message: `# big\n- item\n> quote\n${name}` })], context);
    const [{ content, embeds } = { content: '', embeds: [] }] = receiver.bodies as unknown as {
      content: string;
      embeds: Embed[];
    }[];
    const safe =
      '\\[free\\](https:\\/\\/evil.test) \\<@1\\> @everyone \\*\\*x\\*\\* \\_y\\_ \\`z\\` \\|\\|s\\|\\| \\~\\~t\\~\\~';
    expect(content).toBe(`ERROR: ${safe} (main)`);
    expect(embeds[0]?.title).toBe(`ERROR: ${safe} (main)`);
    expect(embeds[0]?.description.split('\n').slice(0, 4)).toEqual(['\\# big', '\\- item', '\\> quote', safe]);
  });

  test('where the message is gone, or told of several, a second one says that it is over', async () => {
    const notifier = newDiscord();
    context.memory.set('x', '901');
    context.remember((await notifier.send([resolved('x')], context)).remember);
    context.remember((await notifier.send([firing('y'), firing('z')], context)).remember);
    expect(context.memory.size).toBe(0);
    await notifier.send([resolved('y')], context);
    expect(receiver.requests.map(({ method }) => method)).toEqual(['PATCH', 'POST', 'POST', 'POST']);
  });

  test('long texts keep within the limits, of one alert and of ten', async () => {
    const long = 'ö'.repeat(50_000);
    for (const count of [1, 2, 10]) {
      const batch = Array.from({ length: count }, (_, n) => firing(`x${n}`, { title: long, message: long }));
      await newDiscord().send(batch, new Context());
    }
  });

  test('429 says how long to wait', async () => {
    receiver.behave = () => ({
      status: 429,
      headers: { 'retry-after': '0.65' },
      body: '{"message":"You are being rate limited.","retry_after":0.65}',
    });
    const error = await newDiscord()
      .send([firing('x')], context)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      retryAfterMs: 650,
      isFinal: false,
      message: 'answered 429: You are being rate limited.',
    });
  });
});
