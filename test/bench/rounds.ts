import type { Sent } from './load/pacer.js';
import { type Load, LoadWatch, sleep } from './load.js';
import { cpuDuring } from './os-account.js';
import type { Server } from './servers.js';
import { spreadOf } from './statistics.js';

/** One of those that take turns. */
export interface Side {
  readonly server: Server;
  /** What is to be charged to the items and what is not: the state that it is measured in while idle. */
  rest?(): Promise<void>;
  /** Does one round's work; `items` are what its CPU is divided by. */
  work(): Promise<{ readonly items: number; readonly sent: readonly Sent[] }>;
}

export interface Turns {
  readonly load: Load;
  readonly rounds: number;
  /** How long each server is watched without work, each round. */
  readonly idleMs: number;
  progress(step: string): void;
}

/** CPU per item of one side, µs, round by round. */
export interface Cost {
  readonly us: readonly number[];
  /** What it used while it rested, ms a second; median. */
  readonly idle: number;
  readonly notes: readonly string[];
}

/** After the last item, for what is still on its way. */
const TAIL_MS = 150;

/**
 * Lets the sides work in turn, round after round, and charges what each server used above its own idle rate to its items.
 * One round without account goes first, so that everything is compiled. The order turns round each time: whatever drifts
 * meets all of them alike.
 */
export async function takeTurns(sides: readonly Side[], turns: Turns): Promise<readonly Cost[]> {
  const ns = sides.map(() => [] as { cpu: number; elapsed: number; items: number }[]);
  const idle = sides.map(() => [] as number[]);
  const watches = sides.map(() => new LoadWatch());
  for (let round = 0; round <= turns.rounds; round++) {
    turns.progress(round === 0 ? 'warming up' : `round ${round} of ${turns.rounds}`);
    const order = [...sides.keys()];
    if (round % 2 === 0) order.reverse();
    for (const at of order) {
      const { server, rest, work } = sides[at] as Side;
      await rest?.();
      const quiet = await cpuDuring([server.pid], () => sleep(turns.idleMs));
      const busy = await cpuDuring([server.pid, turns.load.pid], async () => {
        const done = await work();
        await sleep(TAIL_MS);
        return done;
      });
      if (round === 0) continue;
      idle[at]?.push((quiet.cpuNs[0] as number) / quiet.elapsedNs);
      ns[at]?.push({ cpu: busy.cpuNs[0] as number, elapsed: busy.elapsedNs, items: busy.result.items });
      watches[at]?.note(busy, busy.cpuNs[1] as number, busy.result.sent);
    }
  }
  return sides.map((_, at) => {
    const rate = spreadOf(idle[at] as number[]).median;
    const us = (ns[at] ?? []).map(({ cpu, elapsed, items }) => (cpu - rate * elapsed) / items / 1000);
    return { us, idle: rate * 1000, notes: watches[at]?.notes() ?? [] };
  });
}
