import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { neutral } from '@auralis/shared';
import type { Transition } from '../../alerts/alert.js';
import { makeDir } from '../../store/make-dir.js';
import { DeliveryError, type Notifier, type Sent } from '../notifier.js';

export interface FileSettings {
  readonly path: string;
  /** A file of this size is rotated, bytes. */
  readonly maxBytes: number;
  /** Rotated files that are kept: `path.1` is the newest. */
  readonly keep: number;
}

const MAX_LINES = 1_000;
const NEWLINE = 0x0a;

/**
 * A file with one transition a line, as JSON. `rotating-file-stream` does not serve: it takes a line for written if a
 * full disk took only its beginning.
 */
export class File implements Notifier {
  readonly maxBatch = MAX_LINES;
  readonly #settings: FileSettings;

  constructor(settings: FileSettings) {
    this.#settings = settings;
  }

  async send(batch: readonly Transition[]): Promise<Sent> {
    const { path } = this.#settings;
    const lines = batch.map((transition) => `${neutral(JSON.stringify(transition))}\n`).join('');
    makeDir(dirname(path));
    if ((await this.#size()) >= this.#settings.maxBytes) await this.#putAside();
    const file = await open(path, 'a+');
    try {
      // A line that a full disk or a crash cut off stays a line of its own, and spoils no other.
      await file.appendFile((await endsInside(file)) ? `\n${lines}` : lines);
    } finally {
      await file.close();
    }
    return {};
  }

  /**
   * Return the size of the file, 0 if there is none.
   * @throws DeliveryError for a pipe, for example, which would not open before a reader does
   */
  async #size(): Promise<number> {
    const { path } = this.#settings;
    try {
      const found = await stat(path);
      if (found.isFile()) return found.size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
      throw error;
    }
    throw new DeliveryError(`${path} is not a file`);
  }

  async #putAside(): Promise<void> {
    const { path, keep } = this.#settings;
    for (let n = keep; n > 0; n--) {
      const from = n === 1 ? path : `${path}.${n - 1}`;
      await rename(from, `${path}.${n}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
  }
}

/** Whether its last line has no end. */
async function endsInside(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== NEWLINE;
}
