import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `faketime` of Debian, on the machines that we know. */
const LIBRARY = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`)
  .find(existsSync);

/** Arguments of `describeWith` for tests that set the clocks of a process. */
export const FAKETIME = { program: 'faketime', probe: ['--version'] } as const;

/** The clocks of one process, which a test sets while the process runs: the wall clock alone, or both. */
export class FakeClock {
  readonly #isMonotonicFake: boolean;
  readonly #dir = mkdtempSync(join(tmpdir(), 'auralis-clock-'));
  readonly #file = join(this.#dir, 'offset');
  #offsetS = 0;

  constructor(offsetS: number, which: 'wall' | 'both' = 'wall') {
    this.#isMonotonicFake = which === 'both';
    this.set(offsetS);
  }

  /** For the process. */
  get env(): NodeJS.ProcessEnv {
    return {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      ...(this.#isMonotonicFake ? {} : { FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1' }),
    };
  }

  /** Its time, ms since 1970. */
  get now(): number {
    return Date.now() + this.#offsetS * 1000;
  }

  /** Seconds from the time of this machine. */
  set(offsetS: number): void {
    this.#offsetS = offsetS;
    // Never half written.
    writeFileSync(`${this.#file}.new`, `${offsetS < 0 ? '' : '+'}${offsetS}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true });
  }
}
