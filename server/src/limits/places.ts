import { RESERVE_PERCENT } from '@auralis/shared';
import { addressGroup } from './address-budget.js';

/** Names under which somebody's places are counted: the address first, then the token if one was brought. */
export type Holders = readonly [address: string, token?: string];

/** Why somebody gets no place: none is free, or the address or token holds its share. */
export type NoPlace = 'full' | 'share';

export interface PlacesOptions {
  readonly most: number;
  /** Percent of `most` that one address, or one token, may hold. At 100 there is no reserve either. */
  readonly sharePercent: number;
  /** An address that holds fewer than this may also take from the reserve. */
  readonly few?: number;
}

/**
 * Places of one kind. One address or token may hold a share of them. The last tenth is for addresses that hold few.
 * So one stranger cannot take them all, and two cannot keep a newcomer out. Memory: one entry for each holder.
 */
export class Places {
  readonly most: number;
  /** Places that one address, or one token, may hold. */
  readonly share: number;
  readonly #few: number;
  readonly #reserve: number;
  readonly #held = new Map<string, number>();
  #taken = 0;

  constructor({ most, sharePercent, few = 1 }: PlacesOptions) {
    this.most = most;
    this.share = Math.max(1, Math.ceil((most * sharePercent) / 100));
    this.#few = few;
    // If one address may hold everything, there is no reserve.
    this.#reserve = sharePercent === 100 ? 0 : Math.floor((most * RESERVE_PERCENT) / 100);
  }

  /** Places that are taken. */
  get taken(): number {
    return this.#taken;
  }

  heldBy(holder: string): number {
    return this.#held.get(holder) ?? 0;
  }

  /** Return why `holders` may take no place now; null if they may. `most`: places there are for what they ask. */
  refusal(holders: Holders, most = this.most): NoPlace | null {
    const free = most - this.#taken;
    if (free <= 0) return 'full';
    for (const holder of holders) if (holder !== undefined && this.heldBy(holder) >= this.share) return 'share';
    return free <= this.#reserve && this.heldBy(holders[0]) >= this.#few ? 'full' : null;
  }

  take(holders: Holders): void {
    this.#taken++;
    for (const holder of holders) if (holder !== undefined) this.#held.set(holder, this.heldBy(holder) + 1);
  }

  /** Give back a place that `take` took for the same holders. */
  release(holders: Holders): void {
    this.#taken--;
    for (const holder of holders) {
      if (holder === undefined) continue;
      const left = this.heldBy(holder) - 1;
      if (left > 0) this.#held.set(holder, left);
      else this.#held.delete(holder);
    }
  }
}

/** Return the names under which an address and a token are counted. `token`: null or left out if none was brought. */
export function holdersOf(address: string, token?: string | null): Holders {
  const network = addressGroup(address);
  return token === undefined || token === null ? [network] : [network, `token ${token}`];
}
