import type { Recorded, Snapshots } from './snapshots.js';

export type { Recorded } from './snapshots.js';

/** There is nothing to look back at, because history cannot be opened. */
export class HistoryUnavailableError extends Error {
  override readonly name = 'HistoryUnavailableError';

  constructor(why: string) {
    super(`history is not there: ${why}`);
  }
}

/** History, which the first `append` opens. After a failure the next one opens it anew. */
export class HistoryStore {
  readonly #open: () => Promise<Snapshots>;
  #snapshots: Promise<Snapshots> | null = null;
  #why = 'it has not been opened yet';

  constructor(open: () => Promise<Snapshots>) {
    this.#open = open;
  }

  /** Keep `recorded`. Done when it survives `kill -9`. @throws what the disk says */
  async append(recorded: readonly Recorded[], now: number): Promise<void> {
    this.#snapshots ??= this.#open();
    try {
      await (await this.#snapshots).append(recorded, now);
    } catch (error) {
      const failed = this.#snapshots;
      this.#snapshots = null;
      this.#why = (error as Error).message;
      await close(failed);
      throw error;
    }
  }

  /**
   * Return the snapshots once they are open.
   * @throws HistoryUnavailableError
   */
  async read(): Promise<Snapshots> {
    const snapshots = await this.#snapshots?.catch(() => null);
    if (snapshots) return snapshots;
    throw new HistoryUnavailableError(this.#why);
  }

  async close(): Promise<void> {
    const snapshots = this.#snapshots;
    this.#snapshots = null;
    this.#why = 'the hub is shutting down';
    await close(snapshots);
  }
}

async function close(snapshots: Promise<Snapshots> | null): Promise<void> {
  await (await snapshots?.catch(() => null))?.close();
}
