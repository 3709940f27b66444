import { CLOSE, TOKEN_SUBPROTOCOL } from '@auralis/shared';
import { Admissions, type Ended } from '../auth/admissions.js';
import { Authority } from '../auth/authority.js';
import { decideSocket, type Refusal } from '../auth/decide.js';
import type { Identity } from '../auth/identity.js';
import type { Role } from '../auth/roles.js';
import type { AuthSettings } from '../auth/settings.js';
import { tokenOf } from '../auth/token.js';
import type { Api } from '../http/api.js';
import { createGuard, type Guard, isLoopback } from '../http/guard.js';
import { pathBelow, prefixOf } from '../http/prefix.js';
import { TrustedProxies } from '../http/proxies.js';
import { holdersOf } from '../limits/places.js';
import type { HubCounters } from '../state/counters.js';
import { offeredProtocols } from '../transport/subprotocols.js';
import type {
  SocketHandler,
  SocketRoute,
  TransportOptions,
  UpgradeAnswer,
  UpgradeRequest,
} from '../transport/transport.js';
import type { HubOptions } from './options.js';
import { SocketBudgets } from './socket-budgets.js';

/** Headers that proxies add. */
const FORWARDING = ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'];

/** Kinds of clients that may open a socket. */
export interface SocketAccess {
  readonly origins: 'any-origin' | 'our-origins';
  readonly role: Role;
  /** The stream in its path, where there is one. */
  readonly streamOf?: (path: string) => string | null;
}

/** A request as settled before its route sees it, for upgrades and plain HTTP alike: identity, name and path. */
export class AccessControl {
  readonly guard: Guard;
  #origins: readonly string[];
  readonly #prefix: string;
  readonly #proxies: TrustedProxies;
  readonly #hasProxy: boolean;
  readonly #authority: Authority;
  readonly #admissions: Admissions;
  readonly #budgets: SocketBudgets;
  readonly #counters: HubCounters;
  readonly #wallNow: () => number;

  /** `wallNow`: wall clock, ms since 1970, by which tokens expire. */
  constructor(options: HubOptions, counters: HubCounters, wallNow: () => number) {
    const { host, publicUrl, auth, certificate } = options;
    this.#origins = auth?.origins ?? [];
    this.guard = createGuard(host, publicUrl, auth === null ? null : () => this.#origins, certificate !== null);
    this.#prefix = prefixOf(publicUrl);
    this.#proxies = new TrustedProxies(options.trustProxy);
    this.#hasProxy = publicUrl !== null || options.trustProxy.length > 0;
    this.#authority = new Authority(auth);
    this.#admissions = new Admissions(this.#authority);
    this.#budgets = new SocketBudgets(options.maxSharePercent);
    this.#counters = counters;
    this.#wallNow = wallNow;
  }

  fetch(app: Api): TransportOptions['fetch'] {
    return (request, peer) => {
      const { headers } = request;
      const address = this.#proxies.clientOf(peer, headers.get('x-forwarded-for'));
      const who = this.#authority.identify(
        tokenOf((name) => headers.get(name)),
        this.#wallNow(),
      );
      const holders = holdersOf(address, digestIn(who));
      return app.fetch(request, { address, who, holders, isLocal: this.#isLocal(peer, headers) });
    };
  }

  /** Wrap a kind of socket, with and without the prefix. Refusals are counted. */
  sockets(route: SocketRoute, access: SocketAccess): readonly SocketRoute[] {
    const upgrade = (request: UpgradeRequest): UpgradeAnswer => {
      const settled = this.#settled(request);
      const answer = this.#refusal(request, access) ?? this.#admission(settled, access, route);
      if ('refuse' in answer || answer.accept instanceof NotAllowed) this.#counters.add('upgrades_refused');
      return answer;
    };
    const patterns = new Set([route.pattern, this.#prefix + route.pattern]);
    return [...patterns].map((pattern) => ({ ...route, pattern, upgrade }));
  }

  /** Close sockets whose tokens have expired. Call once a second. */
  sweep(): Ended {
    return this.#admissions.sweep(this.#wallNow());
  }

  /** Apply another auth file to new and open sockets. */
  replaceAuth(auth: AuthSettings): Ended {
    this.#origins = auth.origins;
    this.#authority.replace(auth);
    return this.#admissions.review(this.#wallNow());
  }

  #settled(request: UpgradeRequest): UpgradeRequest {
    const { path, remoteAddress, headers } = request;
    return {
      ...request,
      path: pathBelow(this.#prefix, path),
      remoteAddress: this.#proxies.clientOf(remoteAddress, headers.get('x-forwarded-for') ?? null),
    };
  }

  #refusal({ headers }: UpgradeRequest, { origins }: SocketAccess): UpgradeAnswer | null {
    const host = headers.get('host') ?? null;
    if (!this.guard.isOurHost(host))
      return { refuse: 421, message: 'Host is not this hub’s: start it with --public-url' };
    if (origins === 'any-origin' || this.guard.mayRead(headers.get('origin') ?? null, host)) return null;
    return { refuse: 403, message: 'pages of this origin may not connect here' };
  }

  /**
   * Accept unauthorized sockets, then close them with 4101. Browsers hide failed handshakes, so pages would retry
   * forever.
   */
  #admission(request: UpgradeRequest, { role, streamOf }: SocketAccess, route: SocketRoute): UpgradeAnswer {
    const { path, headers, remoteAddress } = request;
    const { maxMessageBytes } = route;
    const header = (name: string) => headers.get(name);
    const who = this.#authority.identify(tokenOf(header), this.#wallNow());
    const entrance = { role, ...(streamOf !== undefined && { stream: streamOf(path) }) };
    const refusal = decideSocket(who, entrance);
    if (refusal === null) {
      const token = digestIn(who);
      const answer = route.upgrade(token === null ? request : { ...request, token });
      if ('refuse' in answer) return answer;
      const watcher = who.kind === 'open' ? undefined : this.#admissions.admit(who, entrance);
      const accepted = { ...answer, ...(watcher && { watcher }) };
      // The budget is against strangers. A server with a token may publish a hundred streams.
      return token === null ? this.#budgets.accept(accepted, remoteAddress, maxMessageBytes) : accepted;
    }
    // A page that offers protocols needs one of them in the answer.
    const protocol = offeredProtocols(header('sec-websocket-protocol')).find(
      (name) => !name.startsWith(TOKEN_SUBPROTOCOL),
    );
    const answer = { accept: new NotAllowed(refusal), ...(protocol !== undefined && { protocol }) };
    return this.#budgets.refuse(answer, refusal.message, remoteAddress, maxMessageBytes);
  }

  /**
   * Whether a request comes from this machine. Through a proxy that runs here every request seems to, so behind a
   * proxy, configured or visible in headers, none counts as local.
   */
  #isLocal(peer: string, headers: Headers): boolean {
    return !this.#hasProxy && isLoopback(peer) && !FORWARDING.some((name) => headers.has(name));
  }
}

function digestIn(who: Identity): string | null {
  return who.kind === 'token' ? who.sha256 : null;
}

/** A socket that is closed as soon as it opens. */
class NotAllowed implements SocketHandler {
  readonly #refusal: Refusal;

  constructor(refusal: Refusal) {
    this.#refusal = refusal;
  }

  onOpen(peer: Parameters<SocketHandler['onOpen']>[0]): void {
    peer.close(CLOSE.NOT_ALLOWED, this.#refusal.message);
  }

  onMessage(): void {}
  onPong(): void {}
  onDrain(): void {}
  onClose(): void {}
}
