import type { Sent } from './load/pacer.js';
import { type Load, LoadWatch, sleep } from './load.js';
import { cpuDuring } from './os-account.js';
import type { Server } from './servers.js';
import { spreadOf } from './statistics.js';

/** One of those that take turns. */
export interface Side {
  readonly server: Server;
  /** Does one round's work; `items` are what its CPU is divided by. */
  work(): Promise<{ readonly items: number; readonly sent: readonly Sent[] }>;
}

export interface Turns {
  readonly load: Load;
  readonly rounds: number;
  /** How long each server is watched without work, three times in all: long enough for what it does once a second. */
  readonly idleMs: number;
  progress(step: string): void;
}

/** CPU of a server in one round, and its work. */
export interface Sample {
  readonly cpuNs: number;
  readonly elapsedNs: number;
  readonly items: number;
}

/** CPU of one side, round by round. */
export interface Cost {
  /** CPU per item above what it uses idle, µs. */
  readonly us: readonly number[];
  readonly notes: readonly string[];
}

/** CPU per item, µs, above a share of a core that is used in any case. */
export function usPerItem(samples: readonly Sample[], idleShare: number): number[] {
  return samples.map(({ cpuNs, elapsedNs, items }) => (cpuNs - idleShare * elapsedNs) / items / 1000);
}

/**
 * Servers work this long before anything is counted. Some 15 to 30 s after a start V8 collects everything twice and
 * makes its young generation small. This happens once in the life of a process, in any round.
 */
const RUN_IN_S = 36;

/**
 * Many short rounds: a shared machine is slow for seconds at a time. Halves that lie close together meet the same
 * slowness, and a median of many moves less.
 */
export const SHORT_ROUNDS = {
  quick: { rounds: 8, idleMs: 1_000 },
  full: { rounds: 24, idleMs: 2_000 },
} as const;
export const ROUND_S = 1;
/** How often servers are watched at rest, in all rounds together. */
const RESTS = 3;

/** Lets the sides work, each in its turn, until they are run in. */
export async function runIn(sides: readonly Side[], progress: (step: string) => void): Promise<void> {
  const start = performance.now();
  for (let turn = 0; performance.now() - start < RUN_IN_S * 1000; turn = (turn + 1) % sides.length) {
    progress(`running in: ${Math.round((performance.now() - start) / 1000)} of ${RUN_IN_S} s`);
    await sides[turn]?.work();
  }
}

/** After the last item, for what is still on its way. */
const TAIL_MS = 150;

/**
 * Lets the sides work in turn, round after round, and charges what each server used above its own idle rate to its
 * items. A round without account goes first, so that everything is compiled. The order turns round each time:
 * whatever drifts meets all of them alike.
 */
export async function takeTurns(sides: readonly Side[], turns: Turns): Promise<readonly Cost[]> {
  const samples = sides.map(() => [] as Sample[]);
  const idle = sides.map(() => [] as number[]);
  const watches = sides.map(() => new LoadWatch());
  const restEvery = Math.ceil(turns.rounds / RESTS);
  for (let round = 0; round <= turns.rounds; round++) {
    turns.progress(round === 0 ? 'warming up' : `round ${round} of ${turns.rounds}`);
    const order = [...sides.keys()];
    if (round % 2 === 0) order.reverse();
    for (const at of order) {
      const { server, work } = sides[at] as Side;
      if (round > 0 && (round - 1) % restEvery === 0) {
        const quiet = await cpuDuring([server.pid], () => sleep(turns.idleMs));
        idle[at]?.push((quiet.cpuNs[0] as number) / quiet.elapsedNs);
      }
      const busy = await cpuDuring([server.pid, turns.load.pid], async () => {
        const done = await work();
        await sleep(TAIL_MS);
        return done;
      });
      if (round === 0) continue;
      const { elapsedNs, result } = busy;
      samples[at]?.push({ cpuNs: busy.cpuNs[0] as number, elapsedNs, items: result.items });
      watches[at]?.note(busy, busy.cpuNs[1] as number, busy.result.sent);
    }
  }
  return sides.map((_, at) => {
    const used = samples[at] ?? [];
    const share = spreadOf(idle[at] as number[]).median;
    return { us: usPerItem(used, share), notes: watches[at]?.notes() ?? [] };
  });
}
