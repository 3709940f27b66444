import { INTERNAL_ERROR_LOG } from '@auralis/server/hub/log';
import type { SimulationSummary } from '@auralis/server/simulate/summary';
import { expect } from '@jest/globals';
import { HubProcess, runCommand } from './hub.js';

/**
 * Runs `simulate` against a hub of its own on `transport` and returns what it found, with what the hub says after it.
 */
export async function simulateAgainst(transport: string, args: readonly string[]) {
  const hub = await HubProcess.start(['--transport', transport]);
  try {
    const { code, output } = await runCommand(['simulate', '--url', hub.url, '--json', ...args]);
    const summary = JSON.parse(output) as SimulationSummary;
    const stats = await hub.get<Record<string, number>>('/api/v1/metrics');
    return { code, summary, stats, log: hub.log };
  } finally {
    await hub.stop();
  }
}

/** Every account adds up; the slow were really dropped chunks, and nobody else was. */
export function expectExact({ code, summary, stats, log }: Awaited<ReturnType<typeof simulateAgainst>>): void {
  expect(summary.mismatches).toEqual([]);
  expect([summary.ok, code]).toEqual([true, 0]);
  const published = summary.streams.reduce((sum, stream) => sum + stream.published, 0);
  expect(published).toBeGreaterThan(summary.durationS * 10 * 0.9);
  const kinds = new Map(summary.kinds.map((kind) => [kind.kind, kind]));
  expect(kinds.get('slow')?.dropped).toBeGreaterThan(0);
  for (const [kind, { dropped, sent, received, lost }] of kinds) {
    expect(sent).toBe(received + lost);
    if (kind !== 'slow' && kind !== 'lossy') expect([kind, dropped]).toEqual([kind, 0]);
  }
  const sum = (field: 'sent' | 'dropped') => summary.kinds.reduce((total, kind) => total + kind[field], 0);
  expect([stats.total_chunks_sent, stats.total_chunks_dropped]).toEqual([sum('sent'), sum('dropped')]);
  expect(log).not.toContain(INTERNAL_ERROR_LOG);
}
