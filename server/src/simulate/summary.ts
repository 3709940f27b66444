import type { SimEngine } from './engine.js';
import type { SimListener } from './listener.js';
import { KINDS, type Kind } from './options.js';
import type { SettledAccount } from './settle.js';

/** Result of a simulation, JSON-able. */
export interface SimulationSummary {
  /** Every account adds up. */
  readonly ok: boolean;
  readonly url: string;
  readonly durationS: number;
  /** The hub began anew meanwhile, and with it its accounts. */
  readonly hubRestarted: boolean;
  /** Connections whose account went with the hub. */
  readonly unsettled: number;
  readonly streams: readonly StreamSummary[];
  readonly kinds: readonly KindSummary[];
  /** Mismatches, each with the listener's name; at most 100. */
  readonly mismatches: readonly string[];
}

export interface StreamSummary {
  readonly stream: string;
  /** Chunks, as its engine counted, since it connected the last time. */
  readonly published: number;
  /** The same, as the hub counted. */
  readonly taken: number;
  /** Chunks over all connections of its engine. */
  readonly publishedInAll: number;
  /** Times that its engine lost the connection and came back. */
  readonly reconnects: number;
  readonly killed: boolean;
}

/** Sums over the listeners of one kind. Chunks, but for what is named otherwise. */
export interface KindSummary {
  readonly kind: Kind;
  readonly listeners: number;
  /** More than listeners where some came back. */
  readonly connections: number;
  /** Connections that ended before the simulation did. */
  readonly left: number;
  /** Upgrades that the hub refused. */
  readonly refused: number;
  /** As the hub counted. */
  readonly sent: number;
  readonly dropped: number;
  /** As the listeners counted. */
  readonly received: number;
  /** Sent, and unread when the connection closed. */
  readonly lost: number;
  readonly reportsSent: number;
  readonly reportsTaken: number;
  /** Times their modelled players ran empty. */
  readonly underruns: number;
}

const MAX_MISMATCHES = 100;

export interface Findings {
  readonly url: string;
  readonly durationS: number;
  readonly hubRestarted: boolean;
  readonly engines: readonly SimEngine[];
  /** The hub's number of each stream's last chunk. */
  readonly published: ReadonlyMap<string, number>;
  readonly listeners: readonly SimListener[];
  readonly accounts: readonly SettledAccount[];
}

export function summarise(findings: Findings): SimulationSummary {
  const { url, durationS, hubRestarted, engines, published, listeners } = findings;
  const streams = engines.map((engine): StreamSummary => {
    const { stream, publishedInAll, reconnects, isKilled: killed } = engine;
    const taken = (published.get(stream) ?? 0) - engine.seqBefore;
    return { stream, published: engine.published, taken, publishedInAll, reconnects, killed };
  });
  // Counts of a hub that is gone are lost.
  const isSettled = ({ hub }: SettledAccount) => hub !== null || !hubRestarted;
  const accounts = findings.accounts.filter(isSettled);
  const unsettled = findings.accounts.length - accounts.length;
  const all = [
    ...engines.flatMap(({ faults }) => faults),
    ...streams.flatMap(streamMismatch),
    ...listeners.flatMap(({ errors }) => errors),
    ...accounts.flatMap(({ mismatches }) => mismatches),
  ];
  const rest = all.length - MAX_MISMATCHES;
  const mismatches = rest > 0 ? [...all.slice(0, MAX_MISMATCHES - 1), `and ${rest + 1} more`] : all;
  const kinds = KINDS.flatMap((kind) => kindSummary(kind, listeners, accounts));
  return { ok: all.length === 0, url, durationS, hubRestarted, unsettled, streams, kinds, mismatches };
}

function streamMismatch({ stream, published, taken, killed }: StreamSummary): string[] {
  const isExact = taken === published || (killed && taken < published);
  return isExact ? [] : [`stream ${stream}: ${published} chunks published, but ${taken} taken by the hub`];
}

function kindSummary(
  kind: Kind,
  listeners: readonly SimListener[],
  accounts: readonly SettledAccount[],
): KindSummary[] {
  const ours = listeners.filter(({ plan }) => plan.kind === kind);
  if (ours.length === 0) return [];
  const settled = accounts.filter(({ own }) => own.kind === kind);
  const sum = <Item>(items: readonly Item[], of: (item: Item) => number) =>
    items.reduce((total, item) => total + of(item), 0);
  return [
    {
      kind,
      listeners: ours.length,
      connections: settled.length,
      left: settled.filter(({ own }) => own.end === 'left').length,
      refused: sum(ours, ({ refused }) => refused),
      sent: sum(settled, ({ hub }) => hub?.sent ?? 0),
      dropped: sum(settled, ({ hub }) => hub?.dropped ?? 0),
      received: sum(settled, ({ own }) => own.received),
      lost: sum(settled, ({ lost }) => lost),
      reportsSent: sum(settled, ({ own }) => own.reportsSent),
      reportsTaken: sum(settled, ({ hub }) => hub?.reports ?? 0),
      underruns: sum(ours, ({ underruns }) => underruns),
    },
  ];
}

const COLUMNS = [
  ['listeners', 'connections', 'refused', 'sent', 'dropped', 'received', 'lost', 'reportsSent', 'underruns'],
  ['listeners', 'connections', 'refused', 'sent', 'dropped', 'received', 'lost', 'reports', 'underruns'],
] as const;

/** The summary for people: a table and whether the accounts add up. Ends with a newline. */
export function formatSummary(summary: SimulationSummary): string {
  const { ok, durationS, hubRestarted, unsettled, streams, kinds, mismatches } = summary;
  const heads = ['kind', ...COLUMNS[1]];
  const rows = kinds.map((kind) => [kind.kind, ...COLUMNS[0].map((name) => String(kind[name]))]);
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => (row[at] as string).length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[at] as number)))
      .join('  ');
  return `${[
    `${durationS.toFixed(1)} s`,
    ...streams.map(streamLine),
    ...(hubRestarted ? ['the hub began anew'] : []),
    ...(unsettled > 0 ? [`${unsettled} connections cannot be held against its counts: they went with it`] : []),
    '',
    ...(kinds.length === 0 ? [] : [line(heads), ...rows.map(line), '']),
    ok ? 'accounts: exact' : `accounts: ${mismatches.length} do not add up`,
    ...mismatches.map((mismatch) => `  ${mismatch}`),
  ].join('\n')}\n`;
}

function streamLine({ stream, publishedInAll, reconnects, killed }: StreamSummary): string {
  const back = reconnects === 0 ? '' : `, engine came back ${reconnects === 1 ? 'once' : `${reconnects} times`}`;
  return `stream ${stream}: ${publishedInAll} chunks published${back}${killed ? ', engine killed' : ''}`;
}
