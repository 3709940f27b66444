import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { newDataDir } from './hub.js';

const mount = (...args: string[]) => spawnSync('mount', args, { encoding: 'utf8' }).status === 0;

/** A disk of its own, of few megabytes, which a test fills, frees, and makes read-only. */
export class SmallDisk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Null if this machine lets nobody mount one. */
  static make(megabytes: number): SmallDisk | null {
    const path = newDataDir();
    if (mount('-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0777`, 'tmpfs', path)) return new SmallDisk(path);
    rmSync(path, { recursive: true });
    return null;
  }

  /** Leaves no room. */
  fill(): void {
    const file = openSync(join(this.path, 'filler'), 'w');
    // A write that is too long for what is left may fail and leave it: the next is of a page.
    for (const bytes of [2 ** 20, 4096]) {
      try {
        for (;;) writeSync(file, Buffer.alloc(bytes));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
    closeSync(file);
  }

  free(): void {
    rmSync(join(this.path, 'filler'));
  }

  makeReadOnly(): void {
    mount('-o', 'remount,ro', this.path);
  }

  remove(): void {
    spawnSync('umount', ['-l', this.path]);
    rmSync(this.path, { recursive: true, force: true });
  }
}
