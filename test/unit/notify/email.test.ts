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
