import { basename, dirname } from 'node:path';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
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
  /** Opened with the first line, and anew after a failure. */
  #file: RotatingFileStream | null = null;

  constructor(settings: FileSettings) {
    this.#settings = settings;
  }

  async send(batch: readonly Transition[]): Promise<Sent> {
    this.#file ??= this.#open();
    const file = this.#file;
    const lines = batch.map((transition) => `${JSON.stringify(transition)}\n`).join('');
    await new Promise<void>((resolve, reject) => {
      file.once('error', reject);
      file.write(lines, (error) => {
        file.off('error', reject);
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
    }).catch((error) => {
      // A stream that has failed stays so.
      if (this.#file === file) this.#file = null;
      throw error;
    });
    return {};
  }

  async close(): Promise<void> {
    const file = this.#file;
    if (file !== null) await new Promise<void>((resolve) => file.end(resolve));
  }

  #open(): RotatingFileStream {
    const { path, maxBytes, keep } = this.#settings;
    const file = createStream(basename(path), { path: dirname(path), size: `${maxBytes}B`, rotate: keep });
    // Whoever writes is told; without this, an error that comes between two writes would end the process.
    file.on('error', () => {});
    return file;
  }
}
