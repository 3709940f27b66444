import {
  MAX_REFUSED_BYTES,
  MAX_REFUSED_BYTES_PER_ADDRESS,
  MAX_UNFINISHED_BYTES,
  MAX_UNFINISHED_BYTES_PER_ADDRESS,
} from '@auralis/shared';
import { AddressBudget } from '../limits/address-budget.js';
import type { SocketWatcher, UpgradeAnswer } from '../transport/transport.js';

/**
 * Bytes that open sockets may hold in unfinished messages. Each socket counts as the largest message of its route.
 * Sockets that are only told why they are refused have a small budget of their own.
 */
export class SocketBudgets {
  readonly #accepted: AddressBudget;
  readonly #refused = new AddressBudget({ perAddress: MAX_REFUSED_BYTES_PER_ADDRESS, total: MAX_REFUSED_BYTES });

  /** `sharePercent`: at 100 one address may hold everything. */
  constructor(sharePercent: number) {
    const perAddress = sharePercent === 100 ? MAX_UNFINISHED_BYTES : MAX_UNFINISHED_BYTES_PER_ADDRESS;
    this.#accepted = new AddressBudget({ perAddress, total: MAX_UNFINISHED_BYTES });
  }

  /** Return the answer, which holds `bytes` as long as its socket is open, or a refusal if they do not fit. */
  accept(answer: UpgradeAnswer, address: string, bytes: number): UpgradeAnswer {
    if ('refuse' in answer) return answer;
    const excess = this.#accepted.excess(address, bytes);
    if (excess === null) return held(answer, this.#accepted, address, bytes);
    if (excess === 'total') return { refuse: 503, message: 'too many sockets; wait until some have closed' };
    return { refuse: 429, message: 'too many sockets of this address; --max-share-percent 100 allows more' };
  }

  /** The same for a socket that is opened only to be told `message`, and closed. */
  refuse(answer: Accepted, message: string, address: string, bytes: number): UpgradeAnswer {
    if (this.#refused.excess(address, bytes) !== null) return { refuse: 403, message };
    return held(answer, this.#refused, address, bytes);
  }
}

type Accepted = Extract<UpgradeAnswer, { accept: unknown }>;

/** Held from the opening on, because a socket that never opens never ends either. */
function held(answer: Accepted, budget: AddressBudget, address: string, bytes: number): Accepted {
  const inner = answer.watcher;
  const watcher: SocketWatcher = {
    opened: (peer) => {
      budget.take(address, bytes);
      inner?.opened(peer);
    },
    closed: () => {
      budget.give(address, bytes);
      inner?.closed();
    },
  };
  return { ...answer, watcher };
}
