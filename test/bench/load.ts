import { Child } from './child.js';
import type { GroupCounts, GroupOptions } from './load/group.js';
import type { Schedule, Sent } from './load/pacer.js';
import type { CpuUse } from './os-account.js';

/** From this share of a core on, the load process may have been what was measured. */
const BUSY = 0.9;
/** From this share of late messages on, the schedule was not kept. */
const LATE = 0.05;

/** The load process, seen from the benchmark. */
export class Load {
  readonly #child = new Child('load/main.js');

  get pid(): number {
    return this.#child.pid;
  }

  open(options: GroupOptions): Promise<void> {
    return this.#child.ask('open', options);
  }

  send(schedule: Schedule): Promise<Sent> {
    return this.#child.ask('send', schedule);
  }

  /** Reports that say when they left: ms since `base` on the monotonic clock. */
  sendStamped(schedule: Omit<Schedule, 'frames'> & { readonly base: number }): Promise<Sent> {
    return this.#child.ask('sendStamped', schedule);
  }

  /** Reports with every field, each of which confirms the last chunk that its socket received. */
  sendConfirming(schedule: Omit<Schedule, 'frames'>): Promise<Sent> {
    return this.#child.ask('sendConfirming', schedule);
  }

  /** Opens sockets, or closes the newest, until the group has `count`. */
  resize(options: GroupOptions): Promise<void> {
    return this.#child.ask('resize', options);
  }

  setPollers(port: number, count: number): Promise<void> {
    return this.#child.ask('setPollers', { port, count });
  }

  /**
   * Lets every poller ask each `everyMs`. `sent`: answers that came; `late`: asks that found the one before
   * unanswered.
   */
  poll(everyMs: number, seconds: number): Promise<Sent> {
    return this.#child.ask('poll', { everyMs, seconds });
  }

  counts(group: string): Promise<GroupCounts> {
    return this.#child.ask('counts', { group });
  }

  reset(group: string): Promise<void> {
    return this.#child.ask('reset', { group });
  }

  close(group: string): Promise<void> {
    return this.#child.ask('close', { group });
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}

/** Looks over the rounds of one figure for signs that the load process could not follow. */
export class LoadWatch {
  #rounds = 0;
  #busy = 0;
  #late = 0;

  /** `loadCpuNs`: what the load process used in the round. */
  note(use: CpuUse, loadCpuNs: number, sent: readonly Sent[]): void {
    this.#rounds++;
    if (loadCpuNs >= BUSY * use.elapsedNs) this.#busy++;
    if (sent.some(({ sent: count, late }) => late > LATE * count)) this.#late++;
  }

  /** Notes for a reader; empty if the load kept up. */
  notes(): string[] {
    const notes: string[] = [];
    if (this.#busy > 0)
      notes.push(`the load process was the bottleneck in ${this.#busy} of ${this.#rounds} rounds (90 % of a core)`);
    if (this.#late > 0)
      notes.push(`the load process was behind its schedule in ${this.#late} of ${this.#rounds} rounds`);
    return notes;
  }
}

export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
