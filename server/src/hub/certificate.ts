import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { ConfigError, Problems } from '../config/error.js';
import type { Certificate } from '../transport/transport.js';

/** A certificate that fits its key, as it was read. */
export interface HubCertificate extends Certificate {
  /** Names and addresses that it is for: `DNS:hub.example, IP Address:192.0.2.1`. */
  readonly names: string;
  /** ms since 1970. */
  readonly validFrom: number;
  readonly validUntil: number;
}

/** Text of a file, or why it cannot be read. */
type Content = string | NodeJS.ErrnoException;

/** What stands in the two files at one time. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: Content;
  readonly key: Content;
}

/**
 * Read and check a certificate and its key.
 * @throws ConfigError that names the file, the fault and the fix
 */
export function readCertificate(certFile: string, keyFile: string): HubCertificate {
  return checkCertificate({ certFile, keyFile, cert: contentOf(certFile), key: contentOf(keyFile) });
}

/** Read the files without a judgement. */
export async function readCertificateFiles(certFile: string, keyFile: string): Promise<CertificateFiles> {
  const read = (file: string) => readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => error);
  const [cert, key] = await Promise.all([read(certFile), read(keyFile)]);
  return { certFile, keyFile, cert, key };
}

/** Whether the same stands in the files, or the same fault keeps it from being read. */
export function isSame(one: CertificateFiles, other: CertificateFiles): boolean {
  return String(one.cert) === String(other.cert) && String(one.key) === String(other.key);
}

/** @throws ConfigError that names the file, the fault and the fix */
export function checkCertificate({ certFile, keyFile, cert, key }: CertificateFiles): HubCertificate {
  const problems = new Problems();
  const certificate = problems.try(() => parseCertificate(certFile, cert));
  const privateKey = problems.try(() => parseKey(keyFile, key));
  problems.assertNone();
  const { subjectAltName, subject, validFrom, validTo } = certificate as X509Certificate;
  if (!(certificate as X509Certificate).checkPrivateKey(privateKey as KeyObject)) {
    throw new ConfigError(
      `${keyFile}: not the private key of ${certFile}: give the key that the certificate was made with; in a chain the ` +
        'own certificate comes first',
    );
  }
  const pem = { cert: cert as string, key: key as string };
  try {
    createSecureContext(pem);
  } catch (error) {
    throw new ConfigError(`${certFile}: refused by OpenSSL (${reasonOf(error)}): take another key or signature`);
  }
  const names = subjectAltName ?? subject;
  return { certFile, keyFile, ...pem, names, validFrom: Date.parse(validFrom), validUntil: Date.parse(validTo) };
}

/** Return why clients refuse a certificate at `wallNow` (ms since 1970), or null. */
export function refusedByClients({ certFile, validFrom, validUntil }: HubCertificate, wallNow: number): string | null {
  const day = (at: number) => new Date(at).toISOString();
  if (wallNow >= validUntil) return `${certFile}: expired at ${day(validUntil)}, clients refuse it: renew it`;
  if (wallNow < validFrom) return `${certFile}: not valid before ${day(validFrom)}, clients refuse it until then`;
  return null;
}

function contentOf(file: string): Content {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

function parseCertificate(file: string, content: Content): X509Certificate {
  const pem = readable(file, content);
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    const isKey = pem.includes('PRIVATE KEY-----') ? ' but a private key: are --tls-cert and --tls-key swapped?' : '';
    throw new ConfigError(`${file}: no certificate${isKey || ': PEM, which begins with -----BEGIN CERTIFICATE-----'}`);
  }
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new ConfigError(`${file}: not a whole certificate (${reasonOf(error)}): PEM, as it was issued`);
  }
}

function parseKey(file: string, content: Content): KeyObject {
  const pem = readable(file, content);
  if (!pem.includes('PRIVATE KEY-----')) {
    throw new ConfigError(`${file}: no private key: PEM, which begins with -----BEGIN PRIVATE KEY-----`);
  }
  if (pem.includes('ENCRYPTED')) {
    throw new ConfigError(
      `${file}: encrypted, and nobody is there to ask: openssl pkey -in ${file} -out FILE decrypts it`,
    );
  }
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new ConfigError(`${file}: not a whole private key (${reasonOf(error)}): PEM, as it was made`);
  }
}

function readable(file: string, content: Content): string {
  if (typeof content === 'string') return content;
  const fix = content.code === 'EACCES' ? ': let the user of the hub read it' : '';
  throw new ConfigError(`${file}: ${content.message}${fix}`);
}

/** Return OpenSSL's reason without its code: `error:0480006C:PEM routines::no start line`. */
function reasonOf(error: unknown): string {
  const { message } = error as Error;
  return message.startsWith('error:') ? (message.split('::').at(-1) as string) : message;
}
