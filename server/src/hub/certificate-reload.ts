import { CertificateError } from '../transport/transport.js';
import {
  type CertificateFiles,
  checkCertificate,
  type HubCertificate,
  isSame,
  readCertificateFiles,
  refusedByClients,
} from './certificate.js';
import { ConfigError } from './config.js';
import type { Logger } from './log.js';

/** Time between two checks, ms. Another certificate is served after twice this time at most. */
export const CERTIFICATE_CHECK_MS = 2_000;

export interface CertificateReloadContext {
  /** The certificate that is served now. */
  readonly certificate: HubCertificate;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Serve new connections with another certificate. @throws CertificateError */
  readonly replace: (certificate: HubCertificate) => void;
  /** Wall clock, ms since 1970. */
  readonly wallNow: () => number;
}

/** Serves another certificate when its files change. Faulty files change nothing; the log says what is wrong. */
export class CertificateReload {
  readonly #context: CertificateReloadContext;
  /** Files of the certificate in use. */
  #used: CertificateFiles;
  /** Files as they were judged last. */
  #judged: CertificateFiles;
  /** Files that have changed since, as they were seen at the last check. */
  #changed: CertificateFiles | null = null;
  #isReading = false;

  constructor(context: CertificateReloadContext) {
    this.#context = context;
    this.#used = context.certificate;
    this.#judged = context.certificate;
    this.#warn(context.certificate);
  }

  /**
   * Look whether the files have changed, and use them once they stay the same from one check to the next: whoever
   * writes them may be half done. Call every `CERTIFICATE_CHECK_MS`.
   */
  async check(): Promise<void> {
    if (this.#isReading) return;
    const found = await this.#read();
    if (isSame(found, this.#judged)) this.#changed = null;
    else if (this.#changed !== null && isSame(found, this.#changed)) this.#judge(found);
    else this.#changed = found;
  }

  /** Read the files now, because somebody asks for it. */
  async reload(): Promise<void> {
    const found = await this.#read();
    if (isSame(found, this.#used)) this.#context.log.info('the certificate is the one in use');
    else this.#judge(found);
  }

  async #read(): Promise<CertificateFiles> {
    const { certFile, keyFile } = this.#judged;
    this.#isReading = true;
    try {
      return await readCertificateFiles(certFile, keyFile);
    } finally {
      this.#isReading = false;
    }
  }

  #judge(found: CertificateFiles): void {
    const { log, replace } = this.#context;
    this.#judged = found;
    this.#changed = null;
    try {
      const certificate = checkCertificate(found);
      replace(certificate);
      this.#used = found;
      const { names, validUntil } = certificate;
      const fields = { names, valid_until: new Date(validUntil).toISOString() };
      log.info(fields, 'certificate read again: new connections get it, open ones keep theirs');
      this.#warn(certificate);
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems : [(error as Error).message];
      if (!(error instanceof ConfigError || error instanceof CertificateError)) throw error;
      log.error(`the certificate is faulty, so the one in use stays: ${problems.join('; ')}`);
    }
  }

  #warn(certificate: HubCertificate): void {
    const refused = refusedByClients(certificate, this.#context.wallNow());
    if (refused !== null) this.#context.log.warn(refused);
  }
}
