import type { AddressInfo } from 'node:net';
import { DeliveryError } from '@auralis/server/notify/notifier';
import { Email, type EmailSettings } from '@auralis/server/notify/notifiers/email';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import PostalMime from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { Context, firing, resolved, TELLER } from './world.js';

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
}

let server: SMTPServer;
let mails: Mail[];
let context: Context;

/** A real SMTP server on loopback that keeps what it takes. */
async function listen(given: Partial<SMTPServerOptions> = {}): Promise<void> {
  server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, session, callback) => {
      let raw = '';
      stream.setEncoding('utf8');
      stream.on('data', (piece: string) => (raw += piece));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({ from: mailFrom === false ? '' : mailFrom.address, to: rcptTo.map(({ address }) => address), raw });
        callback();
      });
    },
    ...given,
  });
  server.on('error', () => {});
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
}

function newEmail(given: Partial<EmailSettings> = {}): Email {
  const { port } = server.server.address() as AddressInfo;
  const settings = { host: '127.0.0.1', port, secure: false, requireTls: false, auth: null, allowHosts: [] };
  return new Email({ ...settings, from: 'Hub <hub@hub.test>', to: ['a@ops.test', 'b@ops.test'], ...given }, TELLER);
}

const failure = (email: Email) => email.send([firing('x')], context).catch((error: unknown) => error);

beforeEach(() => {
  mails = [];
  context = new Context();
});
afterEach(() => new Promise<void>((done) => server.close(() => done())));

describe('mail', () => {
  test('tells of an alert; that it is over is a reply to it', async () => {
    await listen();
    const given = { title: 'Ton fällt aus\r\nBcc: everybody@ops.test', message: 'Zeile eins\nÖ — „zwei“' };
    context.remember((await newEmail().send([firing('x', given)], context)).remember);
    context.remember((await newEmail().send([resolved('x')], context)).remember);
    expect(mails.map(({ from, to }) => [from, to])).toEqual([
      ['hub@hub.test', ['a@ops.test', 'b@ops.test']],
      ['hub@hub.test', ['a@ops.test', 'b@ops.test']],
    ]);
    const [first, second] = await Promise.all(mails.map(({ raw }) => PostalMime.parse(raw)));
    expect(first).toMatchObject({
      from: { name: 'Hub', address: 'hub@hub.test' },
      messageId: '<x.firing@auralis-hub>',
    });
    expect(first?.subject).toMatch(/^\[auralis\] ERROR: Ton fällt aus\\u000d\\nBcc: everybody@ops\.test \(main\)$/);
    expect(first?.bcc).toBeUndefined();
    expect(first?.text).toContain('Zeile eins\nÖ — „zwei“\nBlame: network, because 39 of 40 others are well');
    expect(first?.text).toContain('http://hub.test:8000');
    const header = (name: string) => first?.headers.find(({ key }) => key === name)?.value;
    expect([header('auto-submitted'), header('x-auralis-keys')]).toEqual(['auto-generated', 'x:firing']);
    expect(second).toMatchObject({
      subject: '[auralis] RESOLVED: Title of x (main)',
      messageId: '<x.resolved@auralis-hub>',
      inReplyTo: '<x.firing@auralis-hub>',
    });
    expect(context.memory.size).toBe(0);
  });

  test('what waited together is one mail', async () => {
    await listen();
    await newEmail().send([firing('x'), firing('y'), resolved('x')], context);
    const mail = await PostalMime.parse(mails[0]?.raw ?? '');
    expect(mail.subject).toBe('[auralis] 2 alerts: 1 firing, 1 over; ERROR: Title of y (main)');
    expect(mail.text).toContain('CAME AND WENT: Title of x (main)');
    expect(mail.text).toContain('ERROR: Title of y (main)');
    expect(mails).toHaveLength(1);
  });

  test('logs in where it is told to', async () => {
    await listen({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _, callback) =>
        username === 'hub' && password === 'right'
          ? callback(null, { user: 'hub' })
          : callback(new Error('Invalid username or password')),
    });
    await newEmail({ auth: { user: 'hub', pass: 'right' } }).send([firing('x')], context);
    expect(mails).toHaveLength(1);
    const error = (await failure(newEmail({ auth: { user: 'hub', pass: 'wrong' } }))) as DeliveryError;
    expect([error.isFinal, error.message]).toEqual([false, 'answered 535 Invalid username or password']);
  });

  test.each([
    [450, false],
    [552, true],
  ])('%i: final %s', async (responseCode, isFinal) => {
    await listen({ onMailFrom: (_, __, callback) => callback(Object.assign(new Error('no'), { responseCode })) });
    const error = await failure(newEmail());
    expect(error).toBeInstanceOf(DeliveryError);
    expect(error).toMatchObject({ isFinal, message: `answered ${responseCode} no` });
  });

  describe('to several, of whom the server does not take one', () => {
    let answers: Record<string, number>;
    const two = () => newEmail({ to: ['a@ops.test', 'Bert <b@ops.test>'] });

    beforeEach(async () => {
      answers = {};
      await listen({
        onRcptTo: ({ address }, _, callback) => {
          const responseCode = answers[address];
          callback(responseCode === undefined ? null : Object.assign(new Error('no'), { responseCode }));
        },
      });
    });

    test('450: the others get it at once, and that one alone gets it later, with what has come meanwhile', async () => {
      const email = two();
      answers = { 'b@ops.test': 450 };
      expect(await failure(email)).toMatchObject({ isFinal: false, message: 'Bert <b@ops.test>: answered 450 no' });
      expect(await failure(email)).toMatchObject({ isFinal: false });
      expect(mails.map(({ to }) => to)).toEqual([['a@ops.test']]);
      answers = {};
      expect(await email.send([firing('x'), firing('y')], context)).toMatchObject({ refusals: [] });
      const sent = await Promise.all(mails.map(async ({ to, raw }) => [to, (await PostalMime.parse(raw)).subject]));
      expect(sent).toEqual([
        [['a@ops.test'], '[auralis] ERROR: Title of x (main)'],
        [['a@ops.test'], '[auralis] ERROR: Title of y (main)'],
        [['b@ops.test'], '[auralis] 2 alerts: 2 firing, 0 over; ERROR: Title of x (main)'],
      ]);
      // The next batch is for everybody.
      await email.send([firing('z')], context);
      expect(mails.at(-1)?.to).toEqual(['a@ops.test', 'b@ops.test']);
    });

    test('550: the others get it, and that it was refused is reported', async () => {
      answers = { 'b@ops.test': 550 };
      const { refusals } = await two().send([firing('x')], context);
      expect(refusals).toEqual(['Bert <b@ops.test>: answered 550 no']);
      expect(mails.map(({ to }) => to)).toEqual([['a@ops.test']]);
    });

    test('450 and 550: the one is tried again, the other is not', async () => {
      const email = two();
      answers = { 'a@ops.test': 450, 'b@ops.test': 550 };
      expect(await failure(email)).toMatchObject({ isFinal: false });
      answers = { 'b@ops.test': 550 };
      expect(await email.send([firing('x')], context)).toMatchObject({
        refusals: ['Bert <b@ops.test>: answered 550 no'],
      });
      expect(mails.map(({ to }) => to)).toEqual([['a@ops.test']]);
    });

    test('550 for all is final', async () => {
      answers = { 'a@ops.test': 550, 'b@ops.test': 551 };
      expect(await failure(two())).toMatchObject({ isFinal: true });
    });
  });

  test('nothing leaves in plain text where TLS is required', async () => {
    await listen();
    expect(await failure(newEmail({ requireTls: true }))).toMatchObject({ isFinal: false });
    expect(mails).toEqual([]);
  });

  test('with TLS from the first byte, from a server that somebody vouches for', async () => {
    const warning = jest.spyOn(console, 'error').mockImplementation(() => {});
    await listen({ secure: true, disabledCommands: [] });
    warning.mockRestore();
    expect(String(await failure(newEmail({ secure: true })))).toMatch(/self-signed|certificate/i);
    expect(mails).toEqual([]);
  });

  test('a link-local host is not connected to', async () => {
    await listen();
    expect(String(await failure(newEmail({ host: '169.254.169.254' })))).toContain(
      'is link-local or a metadata service',
    );
  });
});
