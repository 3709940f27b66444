import { isIP } from 'node:net';

/** Decides by `Host` and `Origin` which pages may talk to the hub, for plain requests and upgrades. */
export interface Guard {
  /** Is this `Host` header one of ours? A name that is not might have been rebound to us by a stranger's DNS. */
  isOurHost(host: string | null): boolean;
  /** Origins are listed; without, a page from a file may read the summary. */
  readonly hasOrigins: boolean;
  /** May a page of this origin read from the hub, which it asked under `host`? No origin: not a page. */
  mayRead(origin: string | null, host: string | null): boolean;
}

/**
 * `host`: the address that the hub listens on. `publicUrl`: its address from outside, or null. `origins`: returns
 * other pages that may ask. Without an auth file it is null, and pages of loopback addresses may ask. `isTls`: the
 * hub's own pages come over https.
 */
export function createGuard(
  host: string,
  publicUrl: string | null,
  origins: (() => readonly string[]) | null,
  isTls = false,
): Guard {
  const publicHost = publicUrl === null ? null : new URL(publicUrl);
  const names = new Set([host.toLowerCase(), ...(publicHost === null ? [] : [publicHost.hostname.toLowerCase()])]);
  return {
    hasOrigins: origins !== null,
    isOurHost(header) {
      const name = hostName(header);
      // An address cannot be rebound; only names can.
      return name !== null && (isIP(name) !== 0 || isLoopbackName(name) || names.has(name));
    },
    mayRead(origin, host) {
      if (origin === null || origin === publicHost?.origin) return true;
      if (!URL.canParse(origin)) return false;
      // Our own page, under whatever name or address it was opened: `isOurHost` has said that the name is ours.
      const { host: asked, hostname, protocol } = new URL(origin);
      // Without TLS a proxy may add it. With TLS a page without it is another server's.
      if (asked === host?.toLowerCase() && (!isTls || protocol === 'https:')) return true;
      return origins === null ? isLoopback(hostname) : origins().includes(origin.toLowerCase());
    },
  };
}

/** A name or address with a port: nothing that would make another part of a URL the host (`stranger@127.0.0.1`). */
const HOST = /^[A-Za-z0-9._:[\]-]+$/;

/** The name or address in a `Host` header, lower case and without brackets; null where it is none. */
function hostName(header: string | null): string | null {
  if (header === null || !HOST.test(header) || !URL.canParse(`http://${header}`)) return null;
  const { hostname } = new URL(`http://${header}`);
  return hostname.replace(/^\[|\]$/g, '').toLowerCase();
}

function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

/** An address, or a name that always stands for one, of this machine. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '');
  return isLoopbackName(host) || (isIP(address) === 4 && address.startsWith('127.')) || address === '::1';
}
