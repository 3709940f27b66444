import { MAX_STREAMS } from '@auralis/shared';
import { ExternalCounter } from './external-counter.js';

/** An engine that streams to a million listeners by itself sends no more: a chunk a second to each. */
export const MOST_ENGINE_CHUNKS_PER_MS = 1_000;

/**
 * Streams come and go, and may come back: as many accounts as streams can be, and as many again of those that went
 * last.
 */
const MAX_ACCOUNTS = 2 * MAX_STREAMS;

/** Chunks that did not pass through this hub, over all streams, each counted once. */
export class ExternalChunks {
  sent = 0;
  dropped = 0;
  /** By stream, the one that was used last at the end. */
  readonly #accounts = new Map<string, Account>();

  /**
   * Take the counters of an engine that streams by itself, over all its clients. A counter that falls has begun anew.
   * `isCounted`: false while its chunks pass through the hub, whose own account then counts.
   */
  engineSays(stream: string, sent: number, dropped: number, isCounted: boolean, now: number): void {
    const account = this.#account(stream);
    const sentMore = growth(account.saidSent, sent, now);
    const droppedMore = growth(account.saidDropped, dropped, now);
    if (isCounted) this.#add(account, account.engine, sentMore, droppedMore);
  }

  /** Add the rise of one connection's counters, as reported. */
  addByConnection(stream: string, sent: number, dropped: number): void {
    const account = this.#account(stream);
    this.#add(account, account.connections, sent, dropped);
  }

  /**
   * Both accounts of a stream speak of the same chunks, and either may know of fewer: not every client is reported,
   * and an engine may not count at all. So the larger one counts, whichever came first.
   */
  #add({ engine, connections }: Account, by: Amount, sent: number, dropped: number): void {
    const sentBefore = Math.max(engine.sent, connections.sent);
    const droppedBefore = Math.max(engine.dropped, connections.dropped);
    by.sent += sent;
    by.dropped += dropped;
    this.sent += Math.max(engine.sent, connections.sent) - sentBefore;
    this.dropped += Math.max(engine.dropped, connections.dropped) - droppedBefore;
  }

  #account(stream: string): Account {
    const account = this.#accounts.get(stream) ?? newAccount();
    this.#accounts.delete(stream);
    this.#accounts.set(stream, account);
    const [oldest] = this.#accounts.keys();
    if (this.#accounts.size > MAX_ACCOUNTS && oldest !== undefined) this.#accounts.delete(oldest);
    return account;
  }
}

interface Amount {
  sent: number;
  dropped: number;
}

interface Account {
  readonly engine: Amount;
  readonly connections: Amount;
  /** The engine's own counters. */
  readonly saidSent: ExternalCounter;
  readonly saidDropped: ExternalCounter;
}

function newAccount(): Account {
  return {
    engine: { sent: 0, dropped: 0 },
    connections: { sent: 0, dropped: 0 },
    saidSent: new ExternalCounter(MOST_ENGINE_CHUNKS_PER_MS),
    saidDropped: new ExternalCounter(MOST_ENGINE_CHUNKS_PER_MS),
  };
}

/** Take a report of a counter. Return by how much its total has grown. */
function growth(counter: ExternalCounter, value: number, now: number): number {
  const before = counter.total || 0;
  counter.report(value, now);
  return counter.total - before;
}
