import type { Runtime } from '../runtime.js';

/** The part of Node's `process` that has readings. */
interface NodeProcess {
  /** µs since it started. */
  cpuUsage(): { readonly user: number; readonly system: number };
  memoryUsage(): { readonly rss: number };
}

const nodeProcess = (globalThis as { readonly process?: NodeProcess }).process;

/** CPU of this process since the reading before (NaN at the first, and away from Node), and its resident memory. */
export class ProcessReadings {
  readonly #runtime: Runtime;
  #at = Number.NaN;
  #cpuMs = Number.NaN;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  read(): { readonly cpuPercent: number; readonly memoryMb: number } {
    if (nodeProcess === undefined) return { cpuPercent: Number.NaN, memoryMb: Number.NaN };
    const at = this.#runtime.now();
    const { user, system } = nodeProcess.cpuUsage();
    const cpuMs = (user + system) / 1000;
    const cpuPercent = at > this.#at ? (100 * (cpuMs - this.#cpuMs)) / (at - this.#at) : Number.NaN;
    this.#at = at;
    this.#cpuMs = cpuMs;
    return { cpuPercent, memoryMb: nodeProcess.memoryUsage().rss / 2 ** 20 };
  }
}
