import { BOARDS, startBoardFan, startPollFan } from '../board-fans.js';
import { type Fan, startBareFan, startHubFan } from '../fans.js';
import { Load, LoadWatch, sleep } from '../load.js';
import { cpuDuring } from '../os-account.js';
import { type Sample, usPerItem } from '../rounds.js';
import { type Figure, type Refused, RefusedError, type Scenario, type ScenarioContext } from '../scenario.js';
import { ratioOf, spreadOf } from '../statistics.js';

/** Most first: by the time that little is measured, everything is compiled. */
const DASHBOARDS = { quick: [500, 50], full: [500, 50, 1] } as const;
/**
 * Compilers and collectors run beside a server for the better part of a minute, and their work is no part of a
 * delivery.
 */
const WARM_UP_SECONDS = 25;
const SETTLE_MS = 500;
/** Seconds of a turn. With few dashboards there is little to measure in a second. */
const SECONDS = {
  quick: (dashboards: number) => (dashboards < 50 ? 2.5 : 1.5),
  full: (dashboards: number) => (dashboards < 500 ? 4 : 2.25),
} as const;

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

/** CPU of one fan with one number of dashboards, round by round. */
interface Account {
  readonly samples: Sample[];
  readonly watch: LoadWatch;
  /** Mean size of a delivery, in the last round. */
  bytes: number;
}

async function compareAll(fans: readonly Fan[], load: Load, context: ScenarioContext): Promise<(Figure | Refused)[]> {
  const { mode } = context;
  const most = DASHBOARDS[mode][0];
  context.progress('warming up');
  for (const fan of fans) await fan.setDashboards(most);
  await Promise.all(fans.map((fan) => fan.turn(WARM_UP_SECONDS, 'warm up')));
  // Without dashboards too: what taking reports in costs in any case is no part of a delivery.
  const counts = [...DASHBOARDS[mode], 0];
  const accounts = new Map(counts.map((count) => [count, fans.map((): Account => newAccount())]));
  const rounds = mode === 'quick' ? 2 : 7;
  for (let round = 1; round <= rounds; round++) {
    const order = [...fans.keys()];
    if (round % 2 === 0) order.reverse();
    for (const count of counts) {
      context.progress(`round ${round} of ${rounds}, ${count} dashboards`);
      const seconds = SECONDS[mode](count);
      for (const at of order) {
        await takeTurn(fans[at] as Fan, count, seconds, load, accounts.get(count)?.[at] as Account);
      }
    }
  }
  const lost = await Promise.all(fans.map(lossOf));
  const base = accounts.get(0) as Account[];
  return DASHBOARDS[mode].flatMap((count) => linesOf(count, accounts.get(count) as Account[], base, fans, lost));
}

const newAccount = (): Account => ({ samples: [], watch: new LoadWatch(), bytes: 0 });

async function takeTurn(fan: Fan, count: number, seconds: number, load: Load, account: Account): Promise<void> {
  await fan.setDashboards(count);
  // Greetings and farewells are no deliveries.
  await sleep(SETTLE_MS);
  const use = await cpuDuring([fan.server.pid, load.pid], () => fan.turn(seconds));
  const { elapsedNs, result } = use;
  account.samples.push({ cpuNs: use.cpuNs[0] as number, elapsedNs, items: result.items });
  // While the last tick is waited for it has nothing to do: of a turn a load process that is busy throughout uses
  // four fifths.
  account.watch.note({ ...use, elapsedNs: seconds * 1e9 }, use.cpuNs[1] as number, result.sent);
  account.bytes = fan.bytes;
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

function linesOf(
  count: number,
  accounts: readonly Account[],
  base: readonly Account[],
  fans: readonly Fan[],
  lost: readonly (string | null)[],
): (Figure | Refused)[] {
  const us = accounts.map(({ samples }, at) => usPerItem(samples, shareOf(base[at]?.samples ?? [])));
  const [ours = []] = us;
  const dashboards = `${count} ${count === 1 ? 'dashboard' : 'dashboards'}`;
  return fans.slice(1).map((fan, index): Figure | Refused => {
    const at = index + 1;
    const theirs = us[at] ?? [];
    const refused = lost[0] ?? lost[at] ?? noiseOf(fans[0] as Fan, ours) ?? noiseOf(fan, theirs);
    if (refused !== null) return { name: `${dashboards}, beside ${fan.name}`, refused };
    return {
      name: `${dashboards} (${sizeOf(accounts[0])})`,
      unit: 'µs',
      hub: spreadOf(ours),
      peer: { name: fan.bytes === 0 ? fan.name : `${fan.name} (${sizeOf(accounts[at])})`, value: spreadOf(theirs) },
      ratio: ratioOf(ours, theirs),
      // Few dashboards share what a tick costs in any case.
      target: fan.name.startsWith('bare') && count === DASHBOARDS.full[0] ? { max: 1.1, of: 'ratio' } : null,
      notes: [...notesOf(count, fans[0], accounts[0]), ...notesOf(count, fan, accounts[at])],
    };
  });
}

/** Why a cost is none: it drowned in what the server uses in any case. */
function noiseOf(fan: Fan, us: readonly number[]): string | null {
  return us.every((cost) => cost > 0) ? null : `${fan.name}: less than its rounds differ without a dashboard`;
}

const sizeOf = (account: Account | undefined) => `${Math.round(account?.bytes ?? 0).toLocaleString('en-GB')} bytes`;

const notesOf = (count: number, fan?: Fan, account?: Account) =>
  (account?.watch.notes() ?? []).map((note) => `${count} dashboards, ${fan?.name}: ${note}`);

/** Share of a core that was used; median of the rounds. */
function shareOf(samples: readonly Sample[]): number {
  return spreadOf(samples.map(({ cpuNs, elapsedNs }) => cpuNs / elapsedNs)).median;
}
