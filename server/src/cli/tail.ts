import { HubError } from '@auralis/client/terminal/hub-error';
import { type LineSink, tail } from '@auralis/client/terminal/tail';
import { type TailWish, tailWishes, WishError } from '@auralis/client/terminal/tail-wishes';
import { Command } from 'commander';
import { CLIENT_EXIT_CODES, intervalFlag, onClosedPipe, tokenFlag, urlFlag } from './watch-flags.js';

const HELP = `
First the rows as they are, then what changes, a line of JSON each:

  {"t":"2026-01-01T12:00:00.000Z","topic":"connections","kind":"row","id":"c1","stream":"main",…,"latency_ms":12.3}

kind      row      a row that is new, with all its readings, or one that changed, with those that did; null is missing
          removed  a row that was removed, or that no longer meets --where
          behind   this side reads too slowly: skipped frames, and how old the rows are (behind_ms)
          state    the connection was lost (reconnecting) or is there again (live); the rows then go on from what was said

--where compares attributes, id and any (of these) with = != contains, and readings with = != < <= > >=. Given several times, all must
hold. It ends when the reader closes the pipe.
${CLIENT_EXIT_CODES}
Examples:
  auralis-hub tail --columns latency_ms,rtt_ms
  auralis-hub tail --topic connections/main --where 'latency_ms>500' --where 'clock=synced'
  auralis-hub tail --topic streams --topic hubs --interval 5000 >> hub.ndjson
  auralis-hub tail --where 'client contains alice' | jq -c 'select(.kind=="removed")'
`;

interface Flags {
  readonly url: string;
  readonly token?: string;
  readonly topic?: readonly string[];
  readonly columns?: readonly string[];
  readonly interval: number;
  readonly where?: readonly string[];
}

/** `done` gets the exit code. */
export function tailCommand(done: (exitCode: number) => void): Command {
  const names = (text: string) => text.split(',').map((name) => name.trim());
  const also = (text: string, before: readonly string[] = []) => [...before, text];
  return new Command('tail')
    .description('what changes in a hub, as lines of JSON')
    .addHelpText('after', HELP)
    .addOption(urlFlag())
    .addOption(tokenFlag('role viewer'))
    .option(
      '--topic <TOPIC>',
      'a table, or connections/<stream>; may be given several times, connections otherwise',
      also,
    )
    .option('--columns <A,B>', 'only these columns; all otherwise', names)
    .addOption(intervalFlag(1000))
    .option('--where <CONDITION>', 'only rows like this; may be given several times', also)
    .action(async (flags: Flags) => done(await follow(flags)));
}

async function follow({ url, token, topic, columns, interval, where }: Flags): Promise<number> {
  const topics = topic ?? ['connections'];
  const wish: TailWish = { topics, columns: columns ?? null, where: where ?? [], intervalMs: interval };
  const stop = new AbortController();
  onClosedPipe(() => stop.abort());
  try {
    await tail({ url, token: token ?? null }, tailWishes(wish), STDOUT, stop.signal);
    return 0;
  } catch (error) {
    if (!(error instanceof WishError || error instanceof HubError)) throw error;
    process.stderr.write(`auralis-hub tail: ${error.message}\n`);
    return error instanceof WishError ? 2 : 1;
  }
}

const STDOUT: LineSink = {
  write: (lines) => process.stdout.write(lines),
  onDrain: (callback) => process.stdout.once('drain', callback),
};
