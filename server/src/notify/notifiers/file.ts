import { appendFile, rename, rm, stat } from 'node:fs/promises';
import type { Transition } from '../../alerts/alert.js';
import type { Notifier, Sent } from '../notifier.js';

export interface FileSettings {
  readonly path: string;
  /** A file that has reached this size is put aside, bytes. */
  readonly maxBytes: number;
  /** Files put aside that are kept: `path.1` is the newest. */
  readonly keep: number;
}

const MAX_LINES = 1_000;

/** A file with one transition a line, as JSON. */
export class File implements Notifier {
  readonly maxBatch = MAX_LINES;
  readonly #settings: FileSettings;

  constructor(settings: FileSettings) {
    this.#settings = settings;
  }

  async send(batch: readonly Transition[]): Promise<Sent> {
    const { path, maxBytes } = this.#settings;
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    );
    if (size >= maxBytes) await this.#rotate();
    await appendFile(path, batch.map((transition) => `${JSON.stringify(transition)}\n`).join(''), { mode: 0o640 });
    return {};
  }

  async #rotate(): Promise<void> {
    const { path, keep } = this.#settings;
    await rm(`${path}.${keep}`, { force: true });
    for (let n = keep; n > 0; n--)
      await rename(n === 1 ? path : `${path}.${n - 1}`, `${path}.${n}`).catch(ignoreMissing);
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
