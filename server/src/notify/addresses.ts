import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { DeliveryError } from './notifier.js';

/**
 * Addresses that notifiers never connect to: link-local ones, where clouds give out credentials, and other metadata
 * services. A BlockList also sees an IPv4 address in its IPv6-mapped form.
 */
const REFUSED = new BlockList();
REFUSED.addSubnet('169.254.0.0', 16, 'ipv4');
REFUSED.addSubnet('fe80::', 10, 'ipv6');
// The same range by NAT64 and 6to4.
REFUSED.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
REFUSED.addSubnet('2002:a9fe::', 32, 'ipv6');
// Metadata services elsewhere: AWS and GCP over IPv6, Alibaba, Oracle, Azure.
REFUSED.addAddress('fd00:ec2::254', 'ipv6');
REFUSED.addAddress('fd20:ce::254', 'ipv6');
REFUSED.addAddress('100.100.100.200', 'ipv4');
REFUSED.addAddress('192.0.0.192', 'ipv4');
REFUSED.addAddress('168.63.129.16', 'ipv4');

/** Whether `address`, an IP address, is refused. */
export function isRefusedAddress(address: string): boolean {
  // Without the brackets of a URL and the zone of an interface.
  const [bare = ''] = address.replace(/^\[|\]$/g, '').split('%', 1);
  const version = isIP(bare);
  return version !== 0 && REFUSED.check(bare, version === 6 ? 'ipv6' : 'ipv4');
}

export type Resolve = (host: string, options: { all: true }, callback: ResolveCallback) => void;
type ResolveCallback = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;

/**
 * Refuses hosts at refused addresses, whatever their names. It looks when connecting, so that DNS cannot change its
 * answer afterwards.
 */
export class AddressGuard {
  readonly #allowed: ReadonlySet<string>;
  readonly #resolve: Resolve;

  /** `allowed`: host names and addresses that are never refused. */
  constructor(allowed: readonly string[], resolve: Resolve = dnsLookup as Resolve) {
    this.#allowed = new Set(allowed.map((host) => host.toLowerCase()));
    this.#resolve = resolve;
  }

  /**
   * Check an address in a URL, which is never looked up.
   * @throws DeliveryError if it is refused
   */
  check(host: string): void {
    if (!this.#isAllowed(host) && isRefusedAddress(host)) throw refusal(host, host);
  }

  /** As `dns.lookup`, for `net.connect`, with an error if any of the addresses is refused. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    this.#resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '');
      const bad = this.#isAllowed(host) ? undefined : addresses.find(({ address }) => isRefusedAddress(address));
      if (bad !== undefined) return callback(refusal(host, bad.address), '');
      if (options.all === true) return callback(null, addresses);
      const [first] = addresses;
      if (first === undefined) return callback(new DeliveryError(`${host} has no address`), '');
      callback(null, first.address, first.family);
    });
  };

  #isAllowed(host: string): boolean {
    return this.#allowed.has(host.toLowerCase());
  }
}

function refusal(host: string, address: string): DeliveryError {
  const what = host === address ? address : `${host} is ${address}, which`;
  return new DeliveryError(`${what} is link-local or a metadata service; allowHosts: [${host}] would allow it`);
}
