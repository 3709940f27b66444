import type { SimulationSummary } from '@auralis/server/simulate/summary';
import { expect } from '@jest/globals';
import { startCommand } from './hub.js';

const DEFAULT_LISTENERS = 20;
/** The hub must say within this time that all neighbours are there, ms. */
const JOIN_MS = 15_000;
const POLL_MS = 50;

export interface NeighboursOptions {
  readonly listeners?: number;
  /** Token with the roles publisher, listener and viewer, for a hub that asks for one. */
  readonly token?: string;
}

/**
 * Run `attack` on a hub while an engine and listeners of stream `main` go on in another process. They count every
 * chunk themselves, so a loss shows even if the hub's own counts hide it. Return what they counted beside what the
 * hub counted.
 */
export async function besideNeighbours(
  url: string,
  attack: () => Promise<void>,
  { listeners = DEFAULT_LISTENERS, token }: NeighboursOptions = {},
): Promise<SimulationSummary> {
  const env = token === undefined ? {} : { AURALIS_TOKEN: token };
  const args = ['simulate', '--url', url, '--json', '--listeners', String(listeners), '--duration', '0'];
  const command = startCommand(args, env);
  try {
    const until = performance.now() + JOIN_MS;
    while ((await connected(url, token)) < listeners) {
      if (performance.now() > until) throw new Error(`${listeners} neighbours did not join: ${command.output()}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    await attack();
    command.kill('SIGINT');
    await command.exited;
    return JSON.parse(command.output()) as SimulationSummary;
  } finally {
    command.kill('SIGKILL');
  }
}

/** Expect that each neighbour received every chunk of its stream: none lost, none dropped, nobody disconnected. */
export function expectUnharmed({ mismatches, ok, hubRestarted, kinds, streams }: SimulationSummary): void {
  const [kind] = kinds;
  expect(mismatches).toEqual([]);
  expect([ok, hubRestarted]).toEqual([true, false]);
  expect(kind).toMatchObject({ dropped: 0, refused: 0, lost: 0, left: 0, connections: kind?.listeners });
  expect(kind?.received).toBe(kind?.sent);
  expect(streams.map(({ reconnects }) => reconnects)).toEqual([0]);
  expect(streams[0]?.published).toBeGreaterThan(0);
}

/** Listeners that the hub has, by its own word; 0 while it cannot be asked. */
async function connected(url: string, token: string | undefined): Promise<number> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/api/v1/connections?where=state%3Dopen&limit=1`, { headers }).catch(() => null);
  if (response === null || !response.ok) return 0;
  return ((await response.json()) as { total: number }).total;
}
