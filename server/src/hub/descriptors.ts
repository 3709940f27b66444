import { readdirSync, readFileSync } from 'node:fs';
import { MAX_DASHBOARDS, MAX_STREAMS } from '@auralis/shared';

/** Descriptors that stay free. Without one left, a server can only spin. */
const RESERVED = 64;
/** Descriptors of a hub without connections: files, child processes, notifiers. Measured: 46. */
const OWN = 64;

/** Return how many descriptors this process may have open, or null if the system does not say (Linux does). */
export function descriptorLimit(): number | null {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
    return found === null ? null : Number(found[1]);
  } catch {
    return null;
  }
}

/**
 * Return how many connections leave enough descriptors for everything else, counted once at start; Infinity if the
 * limit is not known. A very low limit is halved, so that the hub can at least answer.
 */
export function maxConnections(limit = descriptorLimit()): number {
  if (limit === null) return Number.POSITIVE_INFINITY;
  const free = limit - Math.max(OWN, readdirSync('/proc/self/fd').length);
  return Math.max(free - RESERVED, Math.floor(free / 2));
}

/** Return a warning with the remedy if the limit is too low for `places` connections, or null. */
export function lowLimit(places: number, limit = descriptorLimit()): string | null {
  if (limit === null || limit >= places + 2 * RESERVED) return null;
  const wanted = Math.ceil((places + 2 * RESERVED) / 1_000) * 1_000;
  return (
    `file descriptors: limit ${limit}, but ${places} places for connections: the hub stops listening when they run out; ` +
    `raise it with ulimit -n ${wanted} (LimitNOFILE=${wanted} of a systemd unit)`
  );
}

/** Return the number of connections that a hub with these settings has places for. */
export function placesOf({ maxClients }: { readonly maxClients: number }): number {
  return maxClients + MAX_DASHBOARDS + MAX_STREAMS;
}
