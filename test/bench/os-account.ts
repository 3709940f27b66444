import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time of a process, ns: user and system, all of its threads. `schedstat` counts in ns, `stat` in ticks of 10 ms.
 * A thread that ends takes its share along, but Node's threads do not end.
 */
export function cpuNs(pid: number): number {
  let sum = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // A thread that ended between the two calls.
    }
  }
  return sum;
}

/**
 * CPU time of a process's first thread, ns: in Node, the event loop's. Other threads (compression, garbage
 * collection) do not block it.
 */
export function loopNs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]);
}

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

/** CPU that processes used between two readings. */
export interface CpuUse {
  /** ns, in the order of the processes. */
  readonly cpuNs: readonly number[];
  readonly elapsedNs: number;
}

/** Runs `work` and says what each of the processes used meanwhile. */
export async function cpuDuring<Result>(
  pids: readonly number[],
  work: () => Promise<Result>,
): Promise<CpuUse & { readonly result: Result }> {
  const before = pids.map(cpuNs);
  const begun = process.hrtime.bigint();
  const result = await work();
  const elapsedNs = Number(process.hrtime.bigint() - begun);
  return { result, elapsedNs, cpuNs: pids.map((pid, at) => cpuNs(pid) - (before[at] as number)) };
}
