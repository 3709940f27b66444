import { HubError } from '@auralis/client/terminal/hub-error';
import { runTop } from '@auralis/client/terminal/top';
import type { TopOptions } from '@auralis/client/terminal/top-model';
import { topOnce } from '@auralis/client/terminal/top-once';
import { SORT_COLUMNS } from '@auralis/client/terminal/top-views';
import { STREAM_NAME } from '@auralis/shared';
import { Command, InvalidArgumentError, Option } from 'commander';
import { CLIENT_EXIT_CODES, intervalFlag, tokenFlag, urlFlag } from './watch-flags.js';

const HELP = `
The hub's state and its alerts, its streams, and its connections with the worst first: only the rows on the screen are asked of
the hub.

Keys:
  ← → < >   sort by another column; its worst readings come first, as the catalogue has it
  r         reverse the order
  /         only connections with a text in client, id, stream, address or reason; Esc for all
  s         next stream, and after the last all of them
  c         also connections that have closed
  PageUp PageDown Home End ↑ ↓   scroll
  ?         what the column means, and all keys
  q         quit

A reading past its alert threshold is red and has a !, one off its target is yellow and has a ·; – is missing. With
NO_COLOR set there is no colour. While the hub is away the last rows stay, dimmed, and it is called again.

Where the output is no terminal, or with --once, it prints all rows as plain text and ends.
${CLIENT_EXIT_CODES}
Examples:
  auralis-hub top
  auralis-hub top --url https://hub.example.org --stream main --sort buffer_depth_ms
  auralis-hub top --once --filter alice
  auralis-hub top --sort dropped_per_min | head -30
`;

interface Flags {
  readonly url: string;
  readonly token?: string;
  readonly stream?: string;
  readonly sort: string;
  readonly filter?: string;
  readonly interval: number;
  readonly once?: boolean;
}

/** `done` gets the exit code. */
export function topCommand(done: (exitCode: number) => void): Command {
  return new Command('top')
    .description('a hub in the terminal: its streams, and the connections that fare worst')
    .addHelpText('after', HELP)
    .addOption(urlFlag())
    .addOption(tokenFlag('role viewer'))
    .option('--stream <S>', 'connections of this stream only', streamName)
    .addOption(new Option('--sort <COLUMN>', 'column of connections').default('latency_ms').argParser(sortColumn))
    .option('--filter <TEXT>', 'connections with this text in client, id, stream, address or reason')
    .addOption(intervalFlag(1000))
    .option('--once', 'print it once, as plain text')
    .action(async (flags: Flags) => done(await top(flags)));
}

async function top({ url, token, stream, sort, filter, interval, once }: Flags): Promise<number> {
  const options: TopOptions = {
    url,
    token: token ?? null,
    stream: stream ?? null,
    sort,
    filter: filter ?? '',
    intervalMs: interval,
  };
  const { stdout, env } = process;
  try {
    // A terminal that cannot move its cursor is a printer.
    if (stdout.isTTY && !once && env.TERM !== 'dumb') return await runTop(options, !env.NO_COLOR);
    stdout.write(await topOnce(options, stdout.isTTY ? stdout.columns : Number.POSITIVE_INFINITY));
    return 0;
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    process.stderr.write(`auralis-hub top: ${error.message}\n`);
    return 1;
  }
}

function streamName(text: string): string {
  if (STREAM_NAME.test(text)) return text;
  throw new InvalidArgumentError('a stream name is 1 to 64 of A–Z a–z 0–9 . _ -');
}

function sortColumn(text: string): string {
  if (SORT_COLUMNS.includes(text)) return text;
  throw new InvalidArgumentError(`no column of connections; known are ${SORT_COLUMNS.join(', ')}.`);
}
