import { BOARDS, startBoardFan, startPollFan } from '../board-fans.js';
import { type Fan, startBareFan, startHubFan } from '../fans.js';
import { Load } from '../load.js';
import { type Cost, takeTurns, usPerItem } from '../rounds.js';
import { type Figure, type Refused, RefusedError, type Scenario, type ScenarioContext } from '../scenario.js';
import { ratioOf, spreadOf } from '../statistics.js';

/** Most first: by the time that little is measured, everything is compiled. */
const DASHBOARDS = { quick: [500, 50], full: [500, 50, 1] } as const;
const WARM_UP_SECONDS = 4;

/** CPU that a dashboard's share of a tick costs, beside five other ways of bringing the same rows to it. */
export const fanOut: Scenario = {
  id: 'fan-out',
  title: 'Fan-out: CPU per delivery to a dashboard each 250 ms, 100 listeners that report every 2 s',
  async run(context) {
    const load = new Load();
    const fans: Fan[] = [];
    try {
      const hub = await startHubFan(load, false);
      fans.push(hub, await startHubFan(load, true), await startBareFan(load, hub));
      for (const board of BOARDS) fans.push(await startBoardFan(load, board));
      fans.push(await startPollFan(load));
      return await compareAll(fans, load, context);
    } finally {
      await Promise.all([load.stop(), ...fans.map(({ server }) => server.stop())]);
    }
  },
};

interface Phase {
  readonly dashboards: number;
  /** Of each fan. */
  readonly costs: readonly Cost[];
  readonly bytes: readonly number[];
}

async function compareAll(fans: readonly Fan[], load: Load, context: ScenarioContext): Promise<(Figure | Refused)[]> {
  const { mode } = context;
  const measure = async (dashboards: number): Promise<Phase> => {
    for (const fan of fans) await fan.setDashboards(dashboards);
    // With few dashboards there is little to measure in a second.
    const seconds = (dashboards < 50 ? 4 : 2) * (mode === 'quick' ? 1 : 1.5);
    const sides = fans.map((fan) => ({ server: fan.server, idleShare: 0, work: () => fan.turn(seconds) }));
    const rounds = mode === 'quick' ? 3 : 7;
    const progress = (step: string) => context.progress(`${dashboards} dashboards: ${step}`);
    const costs = await takeTurns(sides, { load, rounds, warmUps: 0, idleMs: 0, progress });
    return { dashboards, costs, bytes: fans.map(({ bytes }) => bytes) };
  };
  const [most, ...fewer] = DASHBOARDS[mode];
  for (const fan of fans) {
    context.progress(`warming up: ${fan.name}`);
    await fan.setDashboards(most);
    await fan.turn(WARM_UP_SECONDS, 'warm up');
  }
  const phases = [await measure(most)];
  for (const count of fewer) phases.push(await measure(count));
  // What taking reports in costs without a dashboard is no part of a delivery.
  const base = await measure(0);
  const lost = await Promise.all(fans.map(lossOf));
  return phases.flatMap((phase) => linesOf(phase, base, fans, lost));
}

/** Why there is no figure of a fan, or null. */
async function lossOf(fan: Fan): Promise<string | null> {
  try {
    await fan.check();
    return null;
  } catch (error) {
    if (error instanceof RefusedError) return error.message;
    throw error;
  }
}

function linesOf(phase: Phase, base: Phase, fans: readonly Fan[], lost: readonly (string | null)[]) {
  const { dashboards, costs, bytes } = phase;
  const us = costs.map(({ samples }, at) => usPerItem(samples, base.costs[at]?.busyShare ?? 0));
  const [ours = []] = us;
  return fans.slice(1).map((fan, index): Figure | Refused => {
    const at = index + 1;
    const name = `${dashboards} ${dashboards === 1 ? 'dashboard' : 'dashboards'}`;
    const refused = lost[0] ?? lost[at] ?? null;
    if (refused !== null) return { name, refused };
    const theirs = us[at] ?? [];
    const size = bytes[at] === 0 ? '' : `, ${Math.round(bytes[at] ?? 0).toLocaleString('en-GB')} bytes`;
    return {
      name: `${name} (${Math.round(bytes[0] ?? 0).toLocaleString('en-GB')} bytes)`,
      unit: 'µs',
      hub: spreadOf(ours),
      peer: { name: `${fan.name}${size}`, value: spreadOf(theirs) },
      ratio: ratioOf(ours, theirs),
      target: fan.name.startsWith('bare') ? { max: 1.1, of: 'ratio' } : null,
      notes: [...(costs[0]?.notes ?? []), ...(costs[at]?.notes ?? [])],
    };
  });
}
