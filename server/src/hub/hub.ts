import { type AuthSettings, readAuthFileAgain } from '../auth/settings.js';
import { HISTORY_DIR } from '../history/resolutions.js';
import { isLoopback } from '../http/guard.js';
import { SECURITY_HEADERS } from '../http/security-headers.js';
import type { Tables } from '../state/tables.js';
import { sayWithAdvice } from '../store/advice.js';
import { Store } from '../store/store.js';
import { Clock } from '../time/clock.js';
import { HTTP_LIMITS } from '../transport/http-limits.js';
import { selectTransport } from '../transport/select.js';
import { CertificateError, type Transport, type TransportOptions } from '../transport/transport.js';
import type { HubCertificate } from './certificate.js';
import { CERTIFICATE_CHECK_MS, CertificateReload } from './certificate-reload.js';
import { ConfigError, checkOptions } from './config.js';
import { lowLimit, maxConnections, placesOf } from './descriptors.js';
import { createLogger, type Logger } from './log.js';
import type { GivenOptions, HubOptions } from './options.js';
import { HubParts } from './parts.js';

/** Ticks of the live protocol: half of the finest step between its intervals, so that each is met. */
const TICK_MS = 50;
/**
 * Ticks without dashboards. Waking up costs more than the tick itself, and a quarter of a second late counts as
 * blocked.
 */
const IDLE_TICK_MS = 200;
const SECOND_MS = 1000;
/** A drain takes this long at most. */
const DRAIN_MS = 4_000;

/** Time between two lines of the log about used-up descriptors. */
const FULL_LOG_MS = 60_000;

/** A running hub. */
export interface Hub {
  /** Its address. */
  readonly url: string;
  readonly port: number;
  readonly tables: Tables;
  /**
   * Read the auth file and the certificate again, if there are any. Roles hold for new and open connections, the
   * certificate for new ones. A faulty file changes nothing; the log says what is wrong.
   */
  reload(): void;
  /** Close all connections so that their peers come back later (4000), and end. Resolves within 5 s. */
  stop(): Promise<void>;
}

/**
 * Start a hub, as `auralis-hub serve` does, in your own Node server.
 * @throws ConfigError for a setting that is not allowed, DataDirError if it cannot write, ListenError if it cannot
 * listen
 */
export async function createHub(given: GivenOptions = {}, logger?: Logger): Promise<Hub> {
  const options = checkOptions(given);
  return startHub(options, logger ?? createLogger(options));
}

/**
 * Start a hub with checked settings.
 * @throws ConfigError if the transport refuses the certificate, DataDirError, ListenError
 */
export async function startHub(options: HubOptions, log: Logger): Promise<Hub> {
  const store = await Store.open(options.dataDir, [HISTORY_DIR]);
  try {
    const { earlierBuild } = store;
    if (earlierBuild !== null) {
      log.warn(
        `alerts, silences and history begin anew: an earlier build kept them in LMDB, which this one does not read. ` +
          `They lie in ${earlierBuild} now; delete it when nobody needs it`,
      );
    }
    const hub = new RunningHub(options, log, store);
    await hub.start();
    return hub;
  } catch (error) {
    await store.close();
    throw error;
  }
}

function saysWhoMay({ tokens, anonymous }: AuthSettings): string {
  const others = anonymous.size === 0 ? 'nobody may do anything' : `one is a ${[...anonymous].join(' and a ')}`;
  return `${tokens.length} tokens are known; without one ${others}`;
}

class RunningHub implements Hub {
  readonly #options: HubOptions;
  readonly #log: Logger;
  readonly #store: Store;
  readonly #clock = new Clock();
  readonly #parts: HubParts;
  readonly #timers: NodeJS.Timeout[] = [];
  #tickTimer: NodeJS.Timeout | undefined;
  #transport: Transport | null = null;
  #certificates: CertificateReload | null = null;
  #saidFullAt = Number.NEGATIVE_INFINITY;
  #stopping: Promise<void> | null = null;

  constructor(options: HubOptions, log: Logger, store: Store) {
    this.#options = options;
    this.#log = log;
    this.#store = store;
    const isDraining = () => this.#stopping !== null;
    this.#parts = new HubParts({ options, log, store, clock: this.#clock, url: () => this.url, isDraining });
  }

  get tables(): Tables {
    return this.#parts.tables;
  }

  get port(): number {
    return this.#transport?.port ?? 0;
  }

  get url(): string {
    return this.#options.publicUrl ?? this.#ownUrl;
  }

  get #ownUrl(): string {
    const { host, certificate } = this.#options;
    const scheme = certificate === null ? 'http' : 'https';
    return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  async start(): Promise<void> {
    const { host, port, reporterIntervalS, publicUrl, certificate } = this.#options;
    const parts = this.#parts;
    const { onError } = parts;
    this.#transport = await this.#listen({
      host,
      port,
      certificate,
      maxConnections: maxConnections(),
      onListening: this.#onListening,
      ...parts.service(),
      http: HTTP_LIMITS,
      headers: SECURITY_HEADERS,
      onError,
    });
    parts.began(this.#transport);
    const { now } = this.#clock;
    parts.everySecond(now());
    this.#tick();
    this.#every(SECOND_MS, () => parts.everySecond(now()));
    if (reporterIntervalS > 0) this.#every(reporterIntervalS * SECOND_MS, () => parts.reporter.report());
    const outside = publicUrl === null ? '' : `, from outside ${this.url}`;
    const { auth } = this.#options;
    if (auth !== null) this.#log.info(saysWhoMay(auth));
    else if (!isLoopback(host)) this.#log.warn(`no authentication on ${host}: anyone can connect, use --auth-file`);
    const low = lowLimit(placesOf(this.#options));
    if (low !== null) this.#log.warn(low);
    if (certificate !== null) this.#watch(certificate, this.#transport);
    this.#log.info(`listening on ${this.#ownUrl} (${this.#transport.name})${outside}`);
  }

  async #listen(options: TransportOptions): Promise<Transport> {
    const { start, note } = await selectTransport(this.#options.transport);
    if (note !== undefined) this.#log.warn(note);
    return start(options).catch((error) => {
      throw error instanceof CertificateError ? new ConfigError(error.message) : error;
    });
  }

  #watch(certificate: HubCertificate, transport: Transport): void {
    const watched = new CertificateReload({
      certificate,
      log: this.#log,
      replace: (next) => transport.replaceCertificate(next),
      wallNow: () => this.#clock.wallNow(),
    });
    this.#certificates = watched;
    this.#every(CERTIFICATE_CHECK_MS, () => void watched.check().catch(this.#parts.onError));
  }

  reload(): void {
    this.#reloadAuth();
    this.#certificates?.reload().catch(this.#parts.onError);
  }

  #reloadAuth(): void {
    const { authFile } = this.#options;
    if (authFile === null) return;
    try {
      const auth = readAuthFileAgain(authFile);
      this.#log.info(`the auth file is read again: ${saysWhoMay(auth)}`);
      this.#parts.replaceAuth(auth);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.#log.error(`the auth file is faulty, so all stays as it was: ${error.problems.join('; ')}`);
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  /** Log this once a minute, because a stranger who opens and closes connections would fill the log. */
  readonly #onListening = (isListening: boolean, connections: number): void => {
    const now = this.#clock.now();
    if (isListening || now - this.#saidFullAt < FULL_LOG_MS) return;
    this.#saidFullAt = now;
    this.#log.warn({ connections }, 'file descriptors nearly used up: not listening until connections close');
  };

  /** A tick that throws is logged and counted, and the next one still comes. */
  #every(intervalMs: number, action: () => void): void {
    this.#timers.push(setInterval(() => this.#guarded(action), intervalMs));
  }

  #tick(): void {
    const parts = this.#parts;
    this.#guarded(() => parts.tick(this.#clock.now()));
    this.#tickTimer = setTimeout(() => this.#tick(), parts.live.sessions.size > 0 ? TICK_MS : IDLE_TICK_MS);
  }

  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#parts.onError(error);
    }
  }

  async #drain(): Promise<void> {
    const transport = this.#transport;
    if (transport === null) return;
    this.#log.info('shutting down');
    const parts = this.#parts;
    // Listen until all have left, so that new connections and probes are answered 503.
    parts.sendAllAway('the hub is shutting down');
    const told = parts.alertPipeline.drain(DRAIN_MS);
    const { now } = this.#clock;
    const until = now() + DRAIN_MS;
    while (now() < until && (parts.listeners > 0 || parts.live.sessions.size > 0)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    transport.stopListening();
    clearTimeout(this.#tickTimer);
    for (const timer of this.#timers) clearInterval(timer);
    await parts.stop();
    transport.destroy();
    await told;
    await Promise.all([this.#store.close(), parts.close()]);
    const { failure } = this.#store;
    if (failure !== null) this.#log.error(`changes of alerts and silences are lost: ${sayWithAdvice(failure)}`);
  }
}
