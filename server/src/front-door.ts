import type { Api } from './http/api.js';
import { createGuard, type Guard, isLoopback } from './http/guard.js';
import { pathBelow, prefixOf } from './http/prefix.js';
import { TrustedProxies } from './http/proxies.js';
import type { HubOptions } from './options.js';
import type { HubCounters } from './state/counters.js';
import type { SocketRoute, TransportOptions, UpgradeAnswer, UpgradeRequest } from './transport/transport.js';

/** What proxies add. */
const FORWARDING = ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'];

/** What is settled of a request before its route sees it, for upgrades and plain HTTP alike: who asks, by which name and path. */
export class FrontDoor {
  readonly guard: Guard;
  readonly #prefix: string;
  readonly #proxies: TrustedProxies;
  readonly #hasProxy: boolean;
  readonly #counters: HubCounters;

  constructor(options: HubOptions, counters: HubCounters) {
    this.guard = createGuard(options.host, options.publicUrl);
    this.#prefix = prefixOf(options.publicUrl);
    this.#proxies = new TrustedProxies(options.trustProxy);
    this.#hasProxy = options.publicUrl !== null || options.trustProxy.length > 0;
    this.#counters = counters;
  }

  fetch(app: Api): TransportOptions['fetch'] {
    return (request, peer) => {
      const address = this.#proxies.clientOf(peer, request.headers.get('x-forwarded-for'));
      return app.fetch(request, { address, isLocal: this.#isLocal(peer, request.headers) });
    };
  }

  /** A kind of socket, with and without the prefix. What is refused is counted. Audio may be listened to from any page. */
  sockets(route: SocketRoute, origins: 'any-origin' | 'our-origins'): readonly SocketRoute[] {
    const upgrade = (request: UpgradeRequest) => {
      const answer = this.#refusal(request, origins) ?? route.upgrade(this.#settled(request));
      if ('refuse' in answer) this.#counters.add('upgrades_refused');
      return answer;
    };
    const patterns = new Set([route.pattern, this.#prefix + route.pattern]);
    return [...patterns].map((pattern) => ({ ...route, pattern, upgrade }));
  }

  #settled(request: UpgradeRequest): UpgradeRequest {
    const { path, remoteAddress, headers } = request;
    return {
      ...request,
      path: pathBelow(this.#prefix, path),
      remoteAddress: this.#proxies.clientOf(remoteAddress, headers.get('x-forwarded-for') ?? null),
    };
  }

  #refusal({ headers }: UpgradeRequest, origins: 'any-origin' | 'our-origins'): UpgradeAnswer | null {
    const host = headers.get('host') ?? null;
    if (!this.guard.isOurHost(host))
      return { refuse: 421, message: 'Host is not this hub’s: start it with --public-url' };
    if (origins === 'any-origin' || this.guard.mayRead(headers.get('origin') ?? null, host)) return null;
    return { refuse: 403, message: 'pages of this origin may not connect here' };
  }

  /**
   * Does somebody on this machine ask? Through a proxy that runs here everybody seems to; so where there is one, by what
   * was configured or by what it adds, nobody is taken for local.
   */
  #isLocal(peer: string, headers: Headers): boolean {
    return !this.#hasProxy && isLoopback(peer) && !FORWARDING.some((name) => headers.has(name));
  }
}
