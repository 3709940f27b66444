import { compare, type HubAccount, type OwnAccount } from './accounts.js';
import type { Connection } from './connection.js';
import type { SimEngine } from './engine.js';
import type { HubApi, Row } from './hub-api.js';
import type { SimListener } from './listener.js';

const POLL_MS = 200;
/** The hub is given this long without any progress before what is missing counts as missing. */
const PATIENCE_MS = 10_000;

/** A connection's two accounts, held against each other. */
export interface SettledAccount {
  readonly listener: SimListener;
  readonly own: OwnAccount;
  readonly hub: HubAccount | null;
  readonly lost: number;
  readonly mismatches: readonly string[];
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Asks until `done` of the answer holds, or the answer (as `progress` sees it) has not changed for too long. Returns
 * the last one.
 */
async function poll<Answer>(
  ask: () => Promise<Answer>,
  done: (answer: Answer) => boolean,
  progress: (answer: Answer) => unknown,
): Promise<Answer> {
  let answer = await ask();
  let seen = JSON.stringify(progress(answer));
  for (let changedAt = performance.now(); !done(answer) && performance.now() - changedAt < PATIENCE_MS; ) {
    await sleep(POLL_MS);
    answer = await ask();
    const now = JSON.stringify(progress(answer));
    if (now !== seen) changedAt = performance.now();
    seen = now;
  }
  return answer;
}

/** Number of each stream's last chunk, once the hub has taken all that the engines published. */
export function awaitPublished(api: HubApi, engines: readonly SimEngine[]): Promise<ReadonlyMap<string, number>> {
  const seqs = (published: ReadonlyMap<string, number>) => engines.map(({ stream }) => published.get(stream) ?? 0);
  // Chunks that a killed engine still had to send are gone, so its own figure is an upper bound.
  const isComplete = (published: ReadonlyMap<string, number>) =>
    engines.every(({ stream, lastSeq, isKilled }) => isKilled || (published.get(stream) ?? 0) >= lastSeq);
  return poll(() => api.publishedSeqs(), isComplete, seqs);
}

/**
 * The account of a connection that ended while the engine went on: the hub's row is taken as soon as it is closed.
 */
export async function settleLeft(
  api: HubApi,
  listener: SimListener,
  connection: Connection,
  publishedSeq: () => number,
): Promise<SettledAccount> {
  const id = connection.welcome?.connectionId ?? '';
  const row = await poll(
    () => api.connection(id),
    (answer) => answer === null || answer.state === 'closed',
    (answer) => answer?.state,
  );
  return settled(listener, ownAccount(listener, connection, 'left', publishedSeq()), hubAccount(row));
}

/**
 * The accounts of all who are still connected after the engines have stopped: those that read on until everything
 * sent has arrived, then those that close with unread data.
 */
export async function settleConnected(
  api: HubApi,
  listeners: readonly SimListener[],
  published: ReadonlyMap<string, number>,
): Promise<SettledAccount[]> {
  const pairs = listeners.flatMap((listener) => {
    const { connection } = listener;
    return connection !== null && connection.welcome !== null ? [{ listener, connection }] : [];
  });
  for (const { listener } of pairs) listener.end();
  const own = ({ listener, connection }: (typeof pairs)[0], end: OwnAccount['end']) =>
    ownAccount(listener, connection, end, published.get(listener.plan.stream) ?? 0);
  const accountOf = (pair: (typeof pairs)[0], rows: Rows) => {
    const end = pair.listener.behaviour.end === 'cut' ? 'cut' : 'drained';
    return settled(pair.listener, own(pair, end), hubAccount(rows.get(pair.connection.welcome?.connectionId ?? '')));
  };
  const ask = () => rowsOf(api, [...new Set(pairs.map(({ listener }) => listener.plan.stream))]);
  const all = (rows: Rows) => pairs.map((pair) => accountOf(pair, rows));
  const figures = (rows: Rows) => all(rows).map(({ hub, own: { received } }) => [hub, received]);
  await poll(ask, (rows) => all(rows).every(({ mismatches }) => mismatches.length === 0), figures);

  const cut = pairs.filter(({ listener }) => listener.behaviour.end === 'cut');
  for (const { connection } of cut) connection.terminate();
  const isClosed = (rows: Rows) =>
    cut.every(({ connection }) => rows.get(connection.welcome?.connectionId ?? '')?.state === 'closed');
  const rows = await poll(ask, isClosed, figures);
  return all(rows);
}

type Rows = ReadonlyMap<string, Row>;

async function rowsOf(api: HubApi, streams: readonly string[]): Promise<Rows> {
  const maps = await Promise.all(streams.map((stream) => api.connections(stream)));
  return new Map(maps.flatMap((map) => [...map]));
}

function ownAccount(
  listener: SimListener,
  connection: Connection,
  end: OwnAccount['end'],
  publishedSeq: number,
): OwnAccount {
  const { client, kind, stream } = listener.plan;
  return {
    connectionId: connection.welcome?.connectionId ?? '',
    client,
    kind,
    stream,
    joinedAfterSeq: connection.welcome?.seq ?? 0,
    received: connection.received,
    lastSeq: connection.lastSeq,
    outOfOrder: connection.outOfOrder,
    reportsSent: connection.reportsSent,
    end,
    publishedSeq,
  };
}

function hubAccount(row: Row | null | undefined): HubAccount | null {
  if (row === null || row === undefined) return null;
  const count = (name: string) => Number(row[name] ?? 0);
  return {
    sent: count('chunks_sent'),
    dropped: count('chunks_dropped'),
    reports: count('reports'),
    refused: count('messages_refused'),
  };
}

function settled(listener: SimListener, own: OwnAccount, hub: HubAccount | null): SettledAccount {
  return { listener, own, hub, ...compare(own, hub) };
}
