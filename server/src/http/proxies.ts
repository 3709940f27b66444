import { BlockList, isIP } from 'node:net';

/** `10.0.0.0/8`, `::1`: an address, or a block of them. */
export function isAddressBlock(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const bits = isIP(address) === 4 ? 32 : 128;
  return isIP(address) !== 0 && rest.length === 0 && (prefix === undefined || isPrefix(prefix, bits));
}

/** Proxies that are believed when they say for whom they ask. */
export class TrustedProxies {
  readonly #blocks = new BlockList();

  /** `blocks`: each as `isAddressBlock` has it. */
  constructor(blocks: readonly string[]) {
    for (const block of blocks) {
      const [address = '', prefix] = block.split('/');
      const family = familyOf(address);
      if (prefix === undefined) this.#blocks.addAddress(address, family);
      else this.#blocks.addSubnet(address, Number(prefix), family);
    }
  }

  has(address: string): boolean {
    return isIP(address) !== 0 && this.#blocks.check(address, familyOf(address));
  }

  /**
   * Return the address of a request. `peer`: the socket's other end. `forwardedFor`: X-Forwarded-For, or null. Each
   * proxy appends the address that asked it, so the list is read from its right end, as far as trusted proxies wrote
   * it. Anything before may be invented.
   */
  clientOf(peer: string, forwardedFor: string | null): string {
    const hops = forwardedFor === null ? [] : forwardedFor.split(',');
    let client = peer;
    while (this.has(client)) {
      const address = addressOf(hops.pop() ?? '');
      if (address === null) break;
      client = address;
    }
    return client;
  }
}

function isPrefix(text: string, bits: number): boolean {
  return /^\d{1,3}$/.test(text) && Number(text) <= bits;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/** Some proxies add the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. null: this is no address. */
function addressOf(hop: string): string | null {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d+)?|([^:]+)(?::\d+)?)$/.exec(hop.trim()) ?? [];
  const address = bracketed ?? plain ?? hop.trim();
  return isIP(address) === 0 ? null : address;
}
