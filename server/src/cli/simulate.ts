import { neutral } from '@auralis/shared';
import { Command, InvalidArgumentError } from 'commander';
import { formatSummary, runSimulation, type SimulationOptions, type SimulationProgress } from '../simulate/simulate.js';
import { CLIENT_EXIT_CODES, tokenFlag, urlFlag } from './watch-flags.js';

const EXAMPLES = `
It counts everything it sends and receives by itself and compares that with the hub's own figures, to the chunk.
${CLIENT_EXIT_CODES}
Examples:
  auralis-hub simulate                                          20 listeners for 60 s
  auralis-hub simulate --listeners 200 --slow 5 --duration 60
  auralis-hub simulate --wav music.wav --listeners 3 --duration 0   until Ctrl-C
`;

/** `done` gets the exit code. */
export function simulateCommand(done: (exitCode: number) => void): Command {
  const command = new Command('simulate')
    .description('an engine and listeners against a hub')
    .addHelpText('after', EXAMPLES);
  command
    .addOption(urlFlag())
    .addOption(tokenFlag('roles publisher, listener and viewer'))
    .option('--streams <N>', 'streams, each with its engine', whole(1), 1)
    .option('--listeners <N>', 'listeners, over all streams', whole(0), 20)
    .option('--duration <S>', 'seconds; 0 goes on until Ctrl-C', whole(0), 60)
    .option('--chunk-ms <MS>', 'how long each chunk is', whole(1), 100)
    .option('--wav <FILE>', '16-bit PCM WAV file to play, again and again; without it a chord')
    .option('--no-audio', 'small chunks without sound, to save bandwidth')
    .option('--slow <N>', 'listeners that read at half the speed', whole(0), 0)
    .option('--frozen <N>', 'listeners that receive and play nothing', whole(0), 0)
    .option('--lying <N>', 'listeners that always report 400 ms of buffer', whole(0), 0)
    .option('--skewed <N>', 'listeners with a wrong clock', whole(0), 0)
    .option('--lossy <N>', 'listeners on a bad link', whole(0), 0)
    .option('--hidden <N>', 'listeners in a hidden tab', whole(0), 0)
    .option('--kill-engine-at <S>', 'second at which the engines die', whole(0))
    .option('--json', 'print the summary as JSON');
  return command.action(async (flags: Flags) => done(await simulate(flags)));
}

interface Flags extends Omit<SimulationOptions, 'durationS' | 'signal'> {
  readonly duration: number;
  readonly json?: boolean;
}

async function simulate({ duration, json, ...options }: Flags): Promise<number> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  const durationS = duration === 0 ? Number.POSITIVE_INFINITY : duration;
  try {
    const summary = await runSimulation(
      { ...options, durationS, signal: stop.signal },
      process.stderr.isTTY ? showProgress : undefined,
    );
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    process.stdout.write(json ? `${JSON.stringify(summary, null, 2)}\n` : formatSummary(summary));
    return summary.ok ? 0 : 1;
  } catch (error) {
    process.stderr.write(`auralis-hub simulate: ${neutral((error as Error).message)}\n`);
    return 1;
  }
}

const BAR_WIDTH = 30;

function showProgress({ elapsedS, durationS, line }: SimulationProgress): void {
  const share = Number.isFinite(durationS) ? Math.min(1, elapsedS / durationS) : 0;
  const bar = '█'.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH, '░');
  process.stderr.write(`\r\x1b[K${bar} ${Math.floor(elapsedS)} s  ${line}`);
}

function whole(min: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min) return value;
    throw new InvalidArgumentError(`a whole number from ${min} on.`);
  };
}
