import { resolveView } from '@auralis/server/live/view';
import { CONNECTION, createTables } from '@auralis/server/state/tables';
import type { View } from '@auralis/shared';
import { seededRandom } from '../random.js';
import type { Figure, Scenario } from '../scenario.js';
import { ratioOf, spreadOf } from '../statistics.js';

const ROWS = 10_000;
const MAX_MS = 1;
/** Median of so many choices is one round. */
const CHOICES = 15;
/** Rounds without account, until both ways are compiled. */
const WARM_UP = 4;
const WORST: View = { sort: 'latency_ms', desc: true, limit: 50 };

const random = seededRandom(3);
const anyhow = () => Math.floor(random() * 8000) / 10;
/** A view, and how the readings lie by slot, which is about the order in which listeners came. */
const CASES: readonly (readonly [name: string, view: View, readingOf: (row: number) => number])[] = [
  ['the worst', WORST, anyhow],
  ['from place 5,000 on', { ...WORST, offset: 5000 }, anyhow],
  ['from place 5,000 on, readings fall and rise', { ...WORST, offset: 5000 }, (row) => Math.abs(row - ROWS / 2)],
  ['the worst with a text in any name', { ...WORST, where: [['any', 'contains', '7']] }, anyhow],
];

/** Cost of a view at each tick at which its table has changed, against a sort of the rows as objects. */
export const view: Scenario = {
  id: 'view',
  title: 'Views: choosing 50 of 10,000 rows, at a tick',
  async run({ mode, progress }) {
    const rounds = mode === 'quick' ? 5 : 15;
    return CASES.map(([name, wanted, readingOf]) => {
      progress(name);
      return measure(`50 rows, ${name}`, wanted, readingOf, rounds);
    });
  },
};

function measure(name: string, wanted: View, readingOf: (row: number) => number, rounds: number): Figure {
  const table = createTables().connections;
  const rows: { id: string; client: string; latency: number }[] = [];
  for (let row = 0; row < ROWS; row++) {
    const [id, client, latency] = [`connection-${row}`, `listener-${row}`, readingOf(row)];
    table.set(table.open(id, ['main', client, '127.0.0.1', '']), CONNECTION.latency_ms, latency);
    rows.push({ id, client, latency });
  }
  const { selector } = resolveView(table, wanted, null, 1);
  const text = wanted.where?.[0]?.[2] as string | undefined;
  const sort = () => {
    const matching = text === undefined ? [...rows] : rows.filter((row) => `${row.id} ${row.client}`.includes(text));
    return matching.sort((a, b) => b.latency - a.latency).slice(wanted.offset ?? 0, (wanted.offset ?? 0) + 50);
  };
  const hub: number[] = [];
  const peer: number[] = [];
  for (let round = -WARM_UP; round < rounds; round++) {
    const ours = medianMs(() => selector.prepare());
    const theirs = medianMs(sort);
    if (round < 0) continue;
    hub.push(ours);
    peer.push(theirs);
  }
  return {
    name,
    unit: 'ms',
    hub: spreadOf(hub),
    peer: { name: 'sort of objects', value: spreadOf(peer) },
    ratio: ratioOf(hub, peer),
    target: { max: MAX_MS, of: 'hub' },
    notes: [],
  };
}

function medianMs(choose: () => unknown): number {
  const times = Array.from({ length: CHOICES }, () => {
    const begun = performance.now();
    choose();
    return performance.now() - begun;
  });
  return spreadOf(times).median;
}
