import { writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { INTERNAL_ERROR_LOG } from '@auralis/server/hub/log';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fingerprints, SNI, shakeHands, TestCertificate } from '../harness/certificates.js';
import { CountingEngine, CountingListener } from '../harness/counting.js';
import { HubProcess, runCommand } from '../harness/hub.js';
import { describeWith } from '../harness/program.js';
import { TestSocket } from '../harness/socket.js';
import { until } from '../harness/until.js';

const LISTENERS = 20;
const CHUNK_MS = 20;
const FAULTY = 'the certificate is faulty, so the one in use stays';

describeWith(
  'openssl',
  'TLS',
  () => {
    describe.each(['uws', 'ws'])('on %s', (transport) => {
      /** Its files are those of the hub, whatever is in them. */
      let certificate: TestCertificate;
      let hub: HubProcess;
      beforeAll(async () => {
        certificate = new TestCertificate();
        const { certFile, keyFile } = certificate;
        hub = await HubProcess.start(['--transport', transport, '--tls-cert', certFile, '--tls-key', keyFile]);
      });
      afterAll(() => hub.stop());

      const expectServed = async (fingerprint: string) =>
        expect(await fingerprints(hub.port)).toEqual(SNI.map(() => fingerprint));
      const said = (line: string) => hub.log.split(line).length - 1;

      /** Ask as a client that trusts this certificate and no other. */
      const ask = (path: string, ca: string, servername = 'localhost') =>
        new Promise<string>((resolve, reject) => {
          const options = { port: hub.port, host: '127.0.0.1', path, ca, servername, agent: false };
          get(options, async (response) => {
            let body = '';
            for await (const piece of response) body += piece;
            resolve(body);
          }).on('error', reject);
        });

      test('requests come by https, and clients check the certificate', async () => {
        expect(hub.url).toBe(`https://127.0.0.1:${hub.port}`);
        expect(JSON.parse(await ask('/healthz', certificate.cert))).toEqual({ status: 'alive' });
        await expect(ask('/healthz', new TestCertificate().cert)).rejects.toThrow('self-signed certificate');
        await expectServed(certificate.fingerprint);
      });

      test('a certificate replaced under load: newcomers get it, the others stay and lose no chunk', async () => {
        const first = certificate.fingerprint;
        const insecure = { rejectUnauthorized: false };
        const engine = new CountingEngine(
          await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/publish`, [], insecure),
        );
        const listeners = await Promise.all(
          Array.from({ length: LISTENERS }, (_, at) => CountingListener.open(hub, 'main', `early-${at}`, insecure)),
        );
        const publishing = setInterval(() => engine.publish(CHUNK_MS, Buffer.alloc(640)), CHUNK_MS);
        await until(() => listeners.every(({ chunks }) => chunks > 10));
        const second = new TestCertificate('rsa');
        const { fingerprint: next, cert, key } = second;
        const counts = { [first]: 0, [next]: 0 };
        // Between the two files one does not fit the other.
        writeFileSync(certificate.certFile, cert);
        await sleep(300);
        writeFileSync(certificate.keyFile, key);
        while (counts[next] === 0 || said('certificate read again') === 0) {
          // A connection that the old listen socket has not accepted yet may be reset, once.
          const socket = await shakeHands(hub.port).catch(() => shakeHands(hub.port));
          const { fingerprint256 } = socket.getPeerCertificate();
          socket.destroy();
          counts[fingerprint256] = (counts[fingerprint256] ?? 0) + 1;
          await sleep(20);
        }
        await sleep(200);
        expect(Object.keys(counts).sort()).toEqual([first, next].sort());
        await expectServed(next);
        await expect(ask('/healthz', cert)).resolves.toContain('alive');
        const late = await CountingListener.open(hub, 'main', 'late', insecure);
        await until(() => late.chunks > 10);
        clearInterval(publishing);
        await until(() => [...listeners, late].every(({ lastSeq }) => lastSeq === engine.chunks));
        expect(listeners.map(({ chunks }) => chunks)).toEqual(listeners.map(() => engine.chunks));
        const served = ({ socket: { ws } }: CountingListener) =>
          (ws as unknown as { readonly _socket: TLSSocket })._socket.getPeerCertificate();
        expect(listeners.map((listener) => served(listener).fingerprint256)).toEqual(listeners.map(() => first));
        expect(served(late).fingerprint256).toBe(next);
        expect(hub.log).not.toContain(INTERNAL_ERROR_LOG);
        const account = JSON.parse(await ask('/api/v1/metrics', cert)) as Record<string, number>;
        const received = [...listeners, late].reduce((sum, { chunks }) => sum + chunks, 0);
        expect(account).toMatchObject({ total_chunks_sent: received, total_chunks_dropped: 0 });
      });

      test('SIGHUP reads it again: a faulty file changes nothing, and the log says why', async () => {
        const { fingerprint, certFile, keyFile } = certificate;
        const reload = () => process.kill(hub.pid, 'SIGHUP');
        const before = said(FAULTY);
        reload();
        await until(() => said('the certificate is the one in use') === 1);
        const other = new TestCertificate();
        writeFileSync(certFile, other.cert);
        reload();
        await until(() => said(FAULTY) === before + 1);
        expect(hub.log).toContain(`${keyFile}: not the private key of ${certFile}`);
        await expectServed(fingerprint);
        writeFileSync(keyFile, other.key);
        reload();
        await until(() => said('certificate read again: new connections get it') === 2);
        await sleep(100);
        await expectServed(other.fingerprint);
        await expect(ask('/healthz', other.cert)).resolves.toContain('alive');
      });
    });

    test('commands speak https and wss, and their accounts hold', async () => {
      const { certFile, keyFile } = new TestCertificate();
      const hub = await HubProcess.start(['--tls-cert', certFile, '--tls-key', keyFile]);
      const env = { NODE_EXTRA_CA_CERTS: certFile, AURALIS_HUB_URL: `https://localhost:${hub.port}` };
      const simulated = await runCommand(['simulate', '--listeners', '5', '--duration', '1', '--json'], env);
      expect(JSON.parse(simulated.output)).toMatchObject({ ok: true, mismatches: [] });
      const top = await runCommand(['top', '--once'], env);
      expect([top.code, top.output]).toEqual([0, expect.stringContaining('main')]);
      const settings = { AURALIS_TLS_CERT: certFile, AURALIS_TLS_KEY: keyFile, AURALIS_PORT: String(hub.port) };
      const doctor = await runCommand(['doctor'], settings);
      expect(doctor.output).toContain('ok    certificate for DNS:localhost, IP Address:127.0.0.1\n');
      expect(doctor.output).toContain('in use by another program: a hub runs there already');
      await hub.stop();
    });

    test('a faulty file ends the start with its name', async () => {
      const { certFile } = new TestCertificate();
      const { keyFile } = new TestCertificate('rsa');
      const { code, output } = await runCommand(['serve', '--port', '0', '--tls-cert', certFile, '--tls-key', keyFile]);
      expect([code, output]).toEqual([2, expect.stringContaining(`auralis-hub: ${keyFile}: not the private key of`)]);
      const odd = new TestCertificate('secp256k1');
      const given = ['--tls-cert', odd.certFile, '--tls-key', odd.keyFile];
      const refused = await runCommand(['serve', '--port', '0', '--transport', 'uws', ...given]);
      expect([refused.code, refused.output]).toEqual([
        2,
        expect.stringContaining('uWebSockets refuses the certificate'),
      ]);
    });
  },
  ['version'],
);
