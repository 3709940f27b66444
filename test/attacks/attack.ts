import type { AuthFile } from '../harness/auth.js';
import type { HubProcess } from '../harness/hub.js';

/** The hub that is attacked. Neighbours play its stream `main` meanwhile. */
export interface Target {
  readonly hub: HubProcess;
  readonly transport: 'uws' | 'ws';
  /** Tokens of each role; without one anybody may listen (`anonymous: [listener]`). */
  readonly auth: AuthFile;
}

/** Something that one stranger can do to a hub. */
export interface Attack {
  /** A sentence for the test's title: what the attacker does. */
  readonly name: string;
  /**
   * Attack, and expect the hub's reaction (answers, close codes, counters). `isLong`: attack longer or in greater
   * numbers, as `test:long` does. The short form takes at most two seconds.
   */
  run(target: Target, isLong: boolean): Promise<void>;
}
