import { request } from 'node:https';
import {
  CertificateError,
  SEND,
  type StartTransport,
  type TransportOptions,
} from '@auralis/server/transport/transport';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { fingerprints, SNI, shakeHands, TestCertificate } from '../harness/certificates.js';
import { closePayload, FRAME, RawSocket } from './raw-socket.js';
import { MAX_BACKLOG_BYTES, MAX_FRAMES_PER_S, sleep, World } from './transport-world.js';

/** TLS, and certificates that are replaced while connections are open. */
export function tlsContract(start: StartTransport): void {
  let first: TestCertificate;
  let second: TestCertificate;
  let world: World;
  beforeAll(() => {
    first = new TestCertificate();
    second = new TestCertificate('rsa');
  });
  beforeEach(async () => {
    world = await World.start(start, { certificate: first });
  });
  afterEach(() => {
    world.transport.destroy();
    expect(world.errors).toEqual([]);
  });

  const again = async (options: Partial<TransportOptions>) => {
    world.transport.destroy();
    world = await World.start(start, { certificate: first, ...options });
  };
  const open = () => RawSocket.open(world.port, '/lobby', { tls: true });
  const expectServed = async ({ fingerprint }: TestCertificate) =>
    expect(await fingerprints(world.port)).toEqual(SNI.map(() => fingerprint));

  /** Ask over a connection that says which certificate it trusts. */
  const ask = ({ cert }: TestCertificate, body = '') =>
    new Promise<string>((resolve, reject) => {
      const options = { port: world.port, host: '127.0.0.1', path: '/a?b=c', method: 'POST', ca: cert, agent: false };
      const asked = request(options, async (response) => {
        let text = '';
        for await (const piece of response) text += piece;
        resolve(text);
      });
      asked.on('error', reject);
      asked.end(body);
    });

  test('answers requests, whose URL is https', async () => {
    world.fetch = async (asked, address) => new Response(`${asked.url} ${address} ${(await asked.text()).length}`);
    expect(await ask(first, 'x'.repeat(50_000))).toBe(`https://127.0.0.1:${world.port}/a?b=c 127.0.0.1 50000`);
    await expectServed(first);
  });

  test('messages, pings and close codes pass, both ways', async () => {
    const client = await open();
    const long = Buffer.alloc(60_000, 7);
    client.send(FRAME.TEXT, 'täxt');
    client.send(FRAME.BINARY, long);
    client.send(FRAME.PING, 'ping');
    const recorder = world.last;
    await recorder.until(() => recorder.of('message').length === 2);
    expect(recorder.of('message').map(({ data }) => data)).toEqual([Buffer.from('täxt'), long]);
    for (const message of ['one', long, 'two']) expect(world.lastPeer.send(message)).not.toBe(SEND.DROPPED);
    await client.until(() => client.frames.length === 4);
    const opcodes = client.frames.map(({ opcode }) => opcode);
    expect(opcodes.filter((opcode) => opcode !== FRAME.PONG)).toEqual([FRAME.TEXT, FRAME.BINARY, FRAME.TEXT]);
    client.send(FRAME.CLOSE, closePayload(4007));
    await recorder.until(() => recorder.closed !== undefined);
    expect(recorder.closed?.code).toBe(4007);
    client.destroy();
  });

  test('frames are counted as they are below TLS: a flood ends its connection', async () => {
    const client = await open();
    for (let sent = 0; sent < 3 * MAX_FRAMES_PER_S; sent++) client.send(FRAME.TEXT, '');
    await client.until(() => client.isEnded || client.frames.at(-1)?.opcode === FRAME.CLOSE);
    expect(client.frames.at(-1)?.payload.readUInt16BE()).toBe(1008);
    client.destroy();
  });

  test('a reader that stops: what arrives is what was not dropped', async () => {
    const client = await open();
    client.pause();
    let written = 0;
    let isDropped = false;
    for (let sent = 0; sent < 2_000 && !isDropped; sent++) {
      const message = Buffer.alloc(20_000);
      message.writeUInt32BE(sent);
      isDropped = world.lastPeer.send(message) === SEND.DROPPED;
      if (!isDropped) written++;
      if (sent % 10 === 9) await sleep(1);
    }
    expect([isDropped, world.lastPeer.backlog() > MAX_BACKLOG_BYTES]).toEqual([true, true]);
    client.resume();
    await client.until(() => client.frames.length === written);
    await world.last.until(() => world.last.of('drain').at(-1)?.backlog === 0);
    expect(client.frames.map(({ payload }) => payload.readUInt32BE())).toEqual(
      Array.from({ length: written }, (_, at) => at),
    );
    client.destroy();
  });

  test('counts connections that never shake hands, and those that fail to', async () => {
    const changes: [isListening: boolean, connections: number][] = [];
    await again({ maxConnections: 10, onListening: (...change) => changes.push(change) });
    const sockets = [await open(), await open()];
    for (let round = 0; round < 20; round++) {
      const plain = RawSocket.connect(world.port);
      plain.get('/');
      await plain.until(() => plain.isEnded);
      (await open()).destroy();
      (await shakeHands(world.port)).destroy();
    }
    await sleep(100);
    expect(changes).toEqual([]);
    const quiet = Array.from({ length: 8 }, () => RawSocket.connect(world.port));
    for (let tries = 0; changes.length < 1 && tries < 1_000; tries++) await sleep(5);
    expect(changes).toEqual([[false, 10]]);
    await expect(shakeHands(world.port)).rejects.toThrow();
    // A certificate that is replaced meanwhile is served when there is room again.
    world.transport.replaceCertificate(second);
    await sleep(50);
    await expect(shakeHands(world.port)).rejects.toThrow();
    for (const socket of [...sockets, ...quiet]) socket.destroy();
    for (let tries = 0; changes.length < 2 && tries < 1_000; tries++) await sleep(5);
    expect(changes).toEqual([
      [false, 10],
      [true, 0],
    ]);
    await expectServed(second);
  });

  describe('another certificate', () => {
    test('is for new connections, and open ones go on, again and again', async () => {
      const clients = [await open()];
      for (const certificate of [second, first, second]) {
        world.transport.replaceCertificate(certificate);
        await sleep(50);
        await expectServed(certificate);
        await expect(ask(certificate)).resolves.toBe('hello');
        clients.push(await open());
      }
      for (const [index, client] of clients.entries()) {
        const recorder = world.recorders[index];
        client.send(FRAME.TEXT, `to ${index}`);
        await recorder?.until(() => recorder.of('message').length === 1);
        recorder?.peer?.send(`from ${index}`);
        await client.until(() => client.frames.length === 1);
        expect(client.frames[0]?.payload.toString()).toBe(`from ${index}`);
      }
      world.transport.stopListening();
      await expect(shakeHands(world.port)).rejects.toThrow();
      world.transport.destroy();
      for (const client of clients) await client.until(() => client.isEnded);
    });

    test('is served by both listen sockets for a moment; ending in it ends both', async () => {
      world.transport.replaceCertificate(second);
      world.transport.replaceCertificate(first);
      world.transport.stopListening();
      await expect(shakeHands(world.port)).rejects.toThrow();
      world.transport.destroy();
      await sleep(50);
      await again({ port: world.port });
      await expectServed(first);
    });

    test('that its key does not fit changes nothing', async () => {
      const client = await open();
      const { certFile, cert } = second;
      const { keyFile, key } = new TestCertificate('rsa');
      const faulty = { certFile, keyFile, cert, key };
      expect(() => world.transport.replaceCertificate(faulty)).toThrow(CertificateError);
      expect(() => world.transport.replaceCertificate(faulty)).toThrow(certFile);
      await sleep(50);
      await expectServed(first);
      client.send(FRAME.TEXT, 'still here');
      await world.last.until(() => world.last.of('message').length === 1);
      client.destroy();
      await expect(World.start(start, { certificate: faulty })).rejects.toThrow(CertificateError);
    });
  });

  test('destroy ends connections that have not shaken hands', async () => {
    const quiet = RawSocket.connect(world.port);
    await sleep(50);
    world.transport.replaceCertificate(second);
    await sleep(50);
    const late = RawSocket.connect(world.port);
    await sleep(50);
    world.transport.destroy();
    // Long before the deadline for a handshake.
    for (const socket of [quiet, late]) await socket.until(() => socket.isEnded, 3_000);
  });
}
