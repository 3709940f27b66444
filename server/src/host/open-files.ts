import { closeSync, existsSync, openSync, readSync } from 'node:fs';

/** Files of /proc are made as they are read, most in pages of 4 KiB. Larger files are read up to their first line. */
const BUFFER_BYTES = 256 * 1024;

/** Small files that the kernel makes anew each time they are read. Once read, a file stays open. */
export class OpenFiles {
  readonly #root: string;
  readonly #files = new Map<string, number>();
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);

  /** `root`: what paths begin with. */
  constructor(root: string) {
    this.#root = root;
  }

  has(path: string): boolean {
    return existsSync(this.#root + path);
  }

  /** @throws where it cannot be read */
  text(path: string): string {
    let file = this.#files.get(path);
    if (file === undefined) {
      file = openSync(this.#root + path, 'r');
      this.#files.set(path, file);
    }
    let length = 0;
    while (length < BUFFER_BYTES) {
      const read = readSync(file, this.#buffer, length, BUFFER_BYTES - length, length);
      if (read === 0) break;
      length += read;
    }
    return this.#buffer.toString('latin1', 0, length);
  }

  close(): void {
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
  }
}
