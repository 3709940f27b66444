import type { Answer } from '@auralis/server/check/answer';
import { EngineRoom } from '@auralis/server/engine/room';
import { HubCounters } from '@auralis/server/state/counters';
import { EngineTotals } from '@auralis/server/state/engine-totals';
import { createTables, ENGINE, HUB } from '@auralis/server/state/tables';
import { ANYBODY } from '../limits/holders.js';

/** An engine room with a clock that a test moves. Streams open as they are asked for. */
export class EngineWorld {
  now = 1_000_000;
  readonly tables = createTables();
  readonly counters = new HubCounters(this.tables.hubs, 'hub', [], this.now);
  readonly totals = new EngineTotals();
  hasRoom = true;
  readonly room = new EngineRoom(this.tables, this.counters, this.totals, (stream) => {
    if (this.hasRoom && this.tables.streams.slotOf(stream) === undefined) this.tables.streams.open(stream);
    return this.hasRoom ? null : 'full';
  });

  /** Sends events of stream `main`, all at once. */
  send(...events: object[]): Answer {
    const answer = this.room.take('main', events, ANYBODY, this.now);
    if (typeof answer === 'string') throw new Error(answer);
    return answer;
  }

  /** Seconds go by; the room is swept in each, after `each`. */
  pass(seconds: number, each?: (second: number) => void): void {
    for (let second = 1; second <= seconds; second++) {
      this.now += 1000;
      each?.(second);
      this.room.sweep(this.now);
    }
  }

  /** A reading of `main`'s row; null where it is missing. */
  read(column: keyof typeof ENGINE): number | null {
    const slot = this.tables.engines.slotOf('main');
    const value = slot === undefined ? Number.NaN : this.tables.engines.get(slot, ENGINE[column]);
    return Number.isNaN(value) ? null : value;
  }

  readAll(...columns: (keyof typeof ENGINE)[]): (number | null)[] {
    return columns.map((column) => this.read(column));
  }

  hub(column: keyof typeof HUB): number {
    return this.tables.hubs.get(this.counters.slot, HUB[column]);
  }
}

export const synthesis = (latencyMs: number, success = true, more: object = {}) => ({
  type: 'synthesis',
  latencyMs,
  success,
  phraseDurationSec: 20,
  ...more,
});
