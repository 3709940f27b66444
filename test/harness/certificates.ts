import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Certificate } from '@auralis/server/transport/transport';

/** Arguments for `openssl req` that make a key of a kind. */
const KINDS = {
  p256: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  rsa: ['-newkey', 'rsa:2048'],
  /** Node takes it, uWebSockets does not. */
  secp256k1: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'],
} as const;

/** A self-signed certificate of localhost, in two files. Clients trust it by its own file. */
export class TestCertificate implements Certificate {
  readonly certFile: string;
  readonly keyFile: string;

  constructor(kind: keyof typeof KINDS = 'p256', days = 2) {
    const folder = mkdtempSync(join(tmpdir(), 'auralis-tls-'));
    this.certFile = join(folder, 'cert.pem');
    this.keyFile = join(folder, 'key.pem');
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const files = ['-keyout', this.keyFile, '-out', this.certFile];
    const args = ['req', '-x509', '-nodes', '-days', String(days), ...KINDS[kind], ...names, ...files];
    const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl: ${stderr}`);
  }

  get cert(): string {
    return readFileSync(this.certFile, 'utf8');
  }

  get key(): string {
    return readFileSync(this.keyFile, 'utf8');
  }

  get fingerprint(): string {
    return new X509Certificate(this.cert).fingerprint256;
  }

  /** Put its files in the place of another certificate's. */
  moveOver({ certFile, keyFile }: Certificate): void {
    renameSync(this.certFile, certFile);
    renameSync(this.keyFile, keyFile);
  }
}

/** Clients that ask for a name by SNI that the certificate has, for another one, and for none. */
export const SNI = ['localhost', 'other.example', undefined] as const;

/** Shake hands with a server on this machine, whatever its certificate. */
export function shakeHands(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Return the fingerprint of the certificate that new connections get, with each kind of SNI. */
export async function fingerprints(port: number): Promise<(string | undefined)[]> {
  const sockets = await Promise.all(SNI.map((servername) => shakeHands(port, servername ? { servername } : {})));
  return sockets.map((socket) => {
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  });
}
