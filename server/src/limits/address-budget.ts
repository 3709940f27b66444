/** Limits of an `AddressBudget`, in whatever it counts. */
export interface BudgetLimits {
  readonly perAddress: number;
  readonly total: number;
}

/** Amounts of something scarce (sockets, bytes, rows) that addresses hold, bounded for each address and in total. */
export class AddressBudget {
  readonly #limits: BudgetLimits;
  readonly #held = new Map<string, number>();
  #total = 0;

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  /** Return how much the address holds. */
  held(address: string): number {
    return this.#held.get(addressGroup(address)) ?? 0;
  }

  /** Return which limit `amount` more for an address would exceed; null if it fits. */
  excess(address: string, amount = 1): keyof BudgetLimits | null {
    if (this.held(address) + amount > this.#limits.perAddress) return 'perAddress';
    return this.#total + amount > this.#limits.total ? 'total' : null;
  }

  /** Take `amount` for an address, or nothing if that would exceed a limit: then return which one. */
  take(address: string, amount = 1): keyof BudgetLimits | null {
    const excess = this.excess(address, amount);
    if (excess !== null) return excess;
    this.#held.set(addressGroup(address), this.held(address) + amount);
    this.#total += amount;
    return null;
  }

  /**
   * Give back what was taken. An address that holds nothing is forgotten, so the map stays as small as what is held.
   */
  give(address: string, amount = 1): void {
    const group = addressGroup(address);
    const held = (this.#held.get(group) ?? 0) - amount;
    if (held > 0) this.#held.set(group, held);
    else this.#held.delete(group);
    this.#total -= amount;
  }
}

/**
 * Return the address that limits go by: for IPv6 the first 64 bits, because every household has that many addresses.
 * `address`: in its short form, as transports give it.
 */
export function addressGroup(address: string): string {
  if (!address.includes(':')) return address;
  const [front = '', back] = address.split('::');
  const groups = front === '' ? [] : front.split(':');
  if (back !== undefined) {
    const last = back === '' ? [] : back.split(':');
    while (groups.length + last.length < 8) groups.push('0');
    groups.push(...last);
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}
