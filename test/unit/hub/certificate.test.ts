import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGuard } from '@auralis/server/http/guard';
import { readCertificate, refusedByClients } from '@auralis/server/hub/certificate';
import { CertificateReload } from '@auralis/server/hub/certificate-reload';
import { ConfigError, checkOptions, loadOptions } from '@auralis/server/hub/config';
import { CertificateError } from '@auralis/server/transport/transport';
import { beforeAll, expect, test } from '@jest/globals';
import { TestCertificate } from '../../harness/certificates.js';
import { describeWith } from '../../harness/program.js';

const folder = mkdtempSync(join(tmpdir(), 'auralis-'));
const DAY_MS = 86_400_000;

/** Write a file and return its path. */
function fileOf(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

/** Return what a ConfigError says of files, a line each. */
function problemsOf(certFile: string, keyFile: string): readonly string[] {
  try {
    readCertificate(certFile, keyFile);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('pages of the hub come over https if it serves TLS', () => {
  const [plain, tls] = [false, true].map((isTls) => createGuard('0.0.0.0', null, () => [], isTls));
  expect(plain?.mayRead('http://hub.example:8000', 'hub.example:8000')).toBe(true);
  expect(plain?.mayRead('https://hub.example:8000', 'hub.example:8000')).toBe(true);
  expect(tls?.mayRead('https://hub.example:8000', 'hub.example:8000')).toBe(true);
  expect(tls?.mayRead('http://hub.example:8000', 'hub.example:8000')).toBe(false);
});

describeWith(
  'openssl',
  'certificate files',
  () => {
    let good: TestCertificate;
    let other: TestCertificate;
    beforeAll(() => {
      good = new TestCertificate();
      other = new TestCertificate('rsa');
    });

    test('both are given, by flag, environment, file or program, or neither', () => {
      const { certFile, keyFile } = good;
      const { certificate } = loadOptions({
        flags: { tlsCert: certFile },
        environment: { AURALIS_TLS_KEY: keyFile },
        file: undefined,
      });
      expect(certificate).toMatchObject({ certFile, keyFile, names: 'DNS:localhost, IP Address:127.0.0.1' });
      const yaml = fileOf('hub.yaml', `tlsCert: ${certFile}\ntlsKey: ${keyFile}`);
      expect(loadOptions({ flags: {}, environment: {}, file: yaml }).certificate).toEqual(certificate);
      expect(checkOptions({ tlsCert: certFile, tlsKey: keyFile }).certificate).toEqual(certificate);
      expect(checkOptions({}).certificate).toBeNull();
      const fix = 'give both --tls-cert and --tls-key, or neither';
      expect(() => checkOptions({ tlsCert: certFile })).toThrow(
        new ConfigError(`tlsKey: missing beside tlsCert: ${fix}`),
      );
      expect(() => checkOptions({ tlsKey: keyFile })).toThrow(
        new ConfigError(`tlsCert: missing beside tlsKey: ${fix}`),
      );
    });

    test('a fault names the file and the fix', () => {
      const { certFile, keyFile, cert, key } = good;
      const encrypted = join(folder, 'encrypted.pem');
      spawnSync('openssl', ['pkey', '-in', keyFile, '-aes128', '-passout', 'pass:secret', '-out', encrypted]);
      const half = fileOf('half.pem', cert.slice(0, cert.length / 2));
      const halfKey = fileOf('half-key.pem', key.slice(0, key.length / 2));
      const text = fileOf('text.pem', 'text');
      const gone = join(folder, 'gone.pem');
      const CASES: readonly [certFile: string, keyFile: string, ...problems: string[]][] = [
        [certFile, keyFile],
        [certFile, other.keyFile, `${other.keyFile}: not the private key of ${certFile}: give the key that`],
        [gone, gone, `${gone}: ENOENT`, `${gone}: ENOENT`],
        [text, text, `${text}: no certificate: PEM, which begins with`, `${text}: no private key: PEM, which begins`],
        [
          keyFile,
          certFile,
          `${keyFile}: no certificate but a private key: are --tls-cert`,
          `${certFile}: no private key`,
        ],
        [half, halfKey, `${half}: not a whole certificate (`, `${halfKey}: not a whole private key (`],
        [certFile, encrypted, `${encrypted}: encrypted, and nobody is there to ask: openssl pkey -in ${encrypted}`],
      ];
      for (const [certFile, keyFile, ...problems] of CASES) {
        expect(problemsOf(certFile, keyFile)).toEqual(problems.map((problem) => expect.stringContaining(problem)));
        for (const problem of problemsOf(certFile, keyFile)) expect(problem).not.toContain(key.slice(40, 80));
      }
      const chain = fileOf('chain.pem', `${cert}${other.cert}`);
      expect(problemsOf(chain, keyFile)).toEqual([]);
      const broken = fileOf('broken.pem', `${cert}${other.cert.slice(0, 200)}`);
      expect(problemsOf(broken, keyFile)).toEqual([expect.stringContaining(`${broken}: refused by OpenSSL (`)]);
    });

    test('clients refuse a certificate before and after its days', () => {
      const certificate = readCertificate(good.certFile, good.keyFile);
      const now = Date.now();
      expect(refusedByClients(certificate, now)).toBeNull();
      expect(refusedByClients(certificate, now - DAY_MS)).toContain('not valid before');
      expect(refusedByClients(certificate, now + 3 * DAY_MS)).toContain('expired at');
    });

    /** A watch of files that begin as `good`, what it serves and what it logs. */
    function watch(replace: () => void = () => {}) {
      const certFile = fileOf('cert.pem', good.cert);
      const keyFile = fileOf('key.pem', good.key);
      const lines: string[] = [];
      const served: string[] = [];
      const note = (level: string) => (first: unknown, second?: unknown) => lines.push(`${level} ${second ?? first}`);
      const reload = new CertificateReload({
        certificate: readCertificate(certFile, keyFile),
        log: { info: note('info'), warn: note('warn'), error: note('error') } as never,
        replace: ({ cert }) => {
          replace();
          served.push(cert);
        },
        wallNow: Date.now,
      });
      return { reload, lines, served, certFile, keyFile };
    }

    test('changed files are used when they stay the same for two checks', async () => {
      const { reload, lines, served, certFile, keyFile } = watch();
      await reload.check();
      await reload.check();
      expect([served, lines]).toEqual([[], []]);
      writeFileSync(certFile, other.cert);
      await reload.check();
      writeFileSync(keyFile, other.key);
      await reload.check();
      expect([served, lines]).toEqual([[], []]);
      await reload.check();
      await reload.check();
      expect(served).toEqual([other.cert]);
      expect(lines).toEqual(['info certificate read again: new connections get it, open ones keep theirs']);
    });

    test('faulty files change nothing, one line says why, and mended ones are used', async () => {
      const { reload, lines, served, keyFile } = watch();
      writeFileSync(keyFile, other.key);
      for (let round = 0; round < 5; round++) await reload.check();
      expect([served, lines]).toEqual([
        [],
        [
          expect.stringMatching(
            /^error the certificate is faulty, so the one in use stays: .*key\.pem: not the private/,
          ),
        ],
      ]);
      writeFileSync(keyFile, good.key);
      for (let round = 0; round < 5; round++) await reload.check();
      expect([served.length, lines.length]).toEqual([1, 2]);
    });

    test('a reload uses them at once, and leaves alone what is in use', async () => {
      const { reload, lines, served, certFile, keyFile } = watch();
      await reload.reload();
      expect([served, lines]).toEqual([[], ['info the certificate is the one in use']]);
      writeFileSync(certFile, other.cert);
      writeFileSync(keyFile, other.key);
      await reload.reload();
      expect(served).toEqual([other.cert]);
    });

    test('a certificate that the transport refuses is a fault too', async () => {
      const { reload, lines, served, certFile, keyFile } = watch(() => {
        throw new CertificateError('refused');
      });
      writeFileSync(certFile, other.cert);
      writeFileSync(keyFile, other.key);
      await reload.reload();
      expect([served, lines]).toEqual([[], ['error the certificate is faulty, so the one in use stays: refused']]);
    });
  },
  ['version'],
);
