import { type Load, LoadWatch, sleep } from './load.js';
import { cpuDuring } from './os-account.js';
import type { Job } from './whole-job.js';

/** V8 compiles and collects for half a minute after a start; none of it belongs to the work. */
const RUN_IN_S = 36;
const RUN_IN_TURN_S = 3;
/** Long enough for what a hub does once a second. */
const ROUND_S = 3;

/** CPU of each job in each round, ms per second. The jobs take turns; every other round in the opposite order. */
export async function jobRounds(
  jobs: readonly Job[],
  load: Load,
  rounds: number,
  progress: (step: string) => void,
): Promise<{ readonly msPerS: readonly (readonly number[])[]; readonly notes: readonly string[] }> {
  const begun = performance.now();
  while (performance.now() - begun < RUN_IN_S * 1000) {
    progress(`running in: ${Math.round((performance.now() - begun) / 1000)} of ${RUN_IN_S} s`);
    for (const job of jobs) await job.work(RUN_IN_TURN_S);
  }
  const msPerS = jobs.map(() => [] as number[]);
  const watch = new LoadWatch();
  for (let round = 1; round <= rounds; round++) {
    progress(`round ${round} of ${rounds}`);
    const order = [...jobs.keys()];
    if (round % 2 === 0) order.reverse();
    for (const at of order) {
      const job = jobs[at] as Job;
      const use = await cpuDuring([job.server.pid, load.pid], () => job.work(ROUND_S));
      msPerS[at]?.push(((use.cpuNs[0] as number) / use.elapsedNs) * 1000);
      watch.note(use, use.cpuNs[1] as number, use.result);
    }
  }
  for (const job of jobs) await job.check();
  return { msPerS, notes: watch.notes() };
}

/** CPU of each process at rest, ms per second, in turns. */
export async function restRounds(pids: readonly number[], rounds: number, seconds: number): Promise<number[][]> {
  const msPerS = pids.map(() => [] as number[]);
  for (let round = 0; round < rounds; round++) {
    // Both at once: what disturbs the machine disturbs them alike.
    const use = await cpuDuring(pids, () => sleep(seconds * 1000));
    for (const [at, ns] of use.cpuNs.entries()) msPerS[at]?.push((ns / use.elapsedNs) * 1000);
  }
  return msPerS;
}
