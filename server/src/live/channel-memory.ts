import { MAX_LIVE_CELLS } from '@auralis/shared';
import type { NoPlace } from '../limits/places.js';
import type { Channel } from './channel.js';

/** Cells in the baselines of all channels, by address. A channel counts for its oldest subscriber. */
interface Held {
  readonly total: number;
  readonly byAddress: ReadonlyMap<string, number>;
}

/** Bounds the baselines of all channels, and the share of one address. */
export class ChannelMemory {
  readonly #share: number;

  /** `sharePercent`: share of all cells for one address. */
  constructor(sharePercent: number) {
    this.#share = (MAX_LIVE_CELLS * sharePercent) / 100;
  }

  /** Return why there is no room for a channel of `address`, or null. */
  refusal(others: Iterable<Channel>, channel: Channel, address: string): NoPlace | null {
    const { total, byAddress } = heldBy(others);
    if ((byAddress.get(address) ?? 0) + channel.cells > this.#share) return 'share';
    return total + channel.cells > MAX_LIVE_CELLS ? 'full' : null;
  }

  /** Rows come after channels. If they make too many cells, close the dashboards whose address holds most of them. */
  shed(channels: readonly Channel[]): void {
    const { total, byAddress } = heldBy(channels);
    if (total <= MAX_LIVE_CELLS) return;
    const [greedy] = [...byAddress].reduce((a, b) => (a[1] >= b[1] ? a : b));
    let left = total;
    for (const { cells, subscriptions } of [...channels].reverse()) {
      const [payer] = subscriptions;
      if (left <= MAX_LIVE_CELLS) return;
      if (payer === undefined || payer.session.holders[0] !== greedy) continue;
      left -= cells;
      for (const { session } of subscriptions) session.closeOverloaded();
    }
  }
}

function heldBy(channels: Iterable<Channel>): Held {
  let total = 0;
  const byAddress = new Map<string, number>();
  for (const { cells, subscriptions } of channels) {
    const [payer] = subscriptions;
    if (payer === undefined) continue;
    const [address] = payer.session.holders;
    total += cells;
    byAddress.set(address, (byAddress.get(address) ?? 0) + cells);
  }
  return { total, byAddress };
}
