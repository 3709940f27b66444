import type { TemplatedApp, us_listen_socket } from 'uWebSockets.js';
import { Acceptance } from './acceptance.js';
import { Guard } from './guard.js';
import { createHttpContext } from './http-context.js';
import { listenError, takeExclusively } from './listen-error.js';
import { type Certificate, CertificateError, type StartTransport, type Transport } from './transport.js';
import { createUwsApp, type UwsContext } from './uws-app.js';
import { us_listen_socket_close } from './uws-module.js';

/**
 * The transport on uWebSockets.js. Importing this module throws where its binary does not load.
 *
 * uWebSockets shares its port with whoever else asks for that (SO_REUSEPORT): two hubs would split the connections
 * without an error. Its option against that also gives up SO_REUSEADDR, so that a hub which is started again finds
 * its port in use for a minute. So the port is first taken the strict way, by Node, and then handed over.
 */
export const startUws: StartTransport = async (options) => {
  const nothing = () => {};
  const context: UwsContext = {
    http: createHttpContext(options),
    guard: new Guard(options.onError),
    options,
    onOpened: nothing,
    onClosed: nothing,
  };
  const app = createUwsApp(context, options.certificate ?? null);
  return takeExclusively(options.host, options.port, (address, port) => {
    const transport = new UwsTransport(app, address, port, context);
    if (!transport.listen()) throw listenError(options.host, options.port, undefined);
    return transport;
  });
};

/**
 * Time between listening with a new certificate and closing the old listen socket, ms. The kernel has already given
 * that socket connections, which are reset if it closes before they are accepted.
 */
const HANDOVER_MS = 20;

class UwsTransport implements Transport {
  readonly name = 'uws';
  readonly port: number;
  readonly #address: string;
  readonly #context: UwsContext;
  readonly #acceptance: Acceptance;
  /** An app for each certificate. The last one listens; the others have the connections that were opened before. */
  readonly #apps: TemplatedApp[];
  /** One at most, but for the time of a handover. */
  readonly #listening = new Set<us_listen_socket>();

  constructor(app: TemplatedApp, address: string, port: number, context: UwsContext) {
    this.#apps = [app];
    this.#address = address;
    this.port = port;
    this.#context = context;
    const { maxConnections = Number.POSITIVE_INFINITY, onListening = () => {} } = context.options;
    this.#acceptance = new Acceptance({
      maxConnections,
      stop: () => this.#stop(),
      resume: async () => this.listen(),
      onChange: onListening,
    });
    context.onOpened = () => this.#acceptance.opened();
    context.onClosed = () => this.#acceptance.closed();
  }

  /** Return whether it listens now. */
  listen(): boolean {
    return this.#listenWith(this.#apps.at(-1) as TemplatedApp);
  }

  get failedMessages(): number {
    return this.#context.guard.failedMessages;
  }

  replaceCertificate(certificate: Certificate): void {
    const app = createUwsApp(this.#context, certificate);
    const before = [...this.#listening];
    // A transport that does not listen now, because of too many connections, will do so with the new app.
    if (before.length > 0 && !this.#listenWith(app)) {
      app.close();
      throw new CertificateError(`cannot listen on ${this.#address}:${this.port} with another certificate`);
    }
    this.#apps.push(app);
    setTimeout(() => {
      for (const socket of before) this.#close(socket);
    }, HANDOVER_MS);
  }

  stopListening(): void {
    this.#acceptance.end();
    this.#stop();
  }

  destroy(): void {
    // The app must not close a socket that has closed.
    this.stopListening();
    for (const app of this.#apps) app.close();
  }

  #listenWith(app: TemplatedApp): boolean {
    const { size } = this.#listening;
    app.listen(this.#address, this.port, (socket) => {
      if (socket !== false) this.#listening.add(socket);
    });
    return this.#listening.size > size;
  }

  #stop(): void {
    for (const socket of this.#listening) this.#close(socket);
  }

  /** Close a listen socket, once. */
  #close(socket: us_listen_socket): void {
    if (this.#listening.delete(socket)) us_listen_socket_close(socket);
  }
}
