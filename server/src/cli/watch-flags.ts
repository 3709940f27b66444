import { LIVE_INTERVALS_MS } from '@auralis/shared';
import { InvalidArgumentError, Option } from 'commander';
import { liveUrl } from '../watch/link.js';

/** Flags of the commands that watch a hub. */
export const urlFlag = () =>
  new Option('--url <URL>', 'the hub').default('http://127.0.0.1:8000').argParser((text: string) => {
    try {
      liveUrl(text);
      return text;
    } catch {
      throw new InvalidArgumentError('a URL like http://127.0.0.1:8000.');
    }
  });

export const intervalFlag = (otherwise: number) =>
  new Option('--interval <MS>', `how often the hub sends what changed: ${LIVE_INTERVALS_MS.join(', ')}`)
    .default(otherwise)
    .argParser((text: string) => {
      const interval = LIVE_INTERVALS_MS.find((allowed) => String(allowed) === text);
      if (interval === undefined) throw new InvalidArgumentError(`one of ${LIVE_INTERVALS_MS.join(', ')}.`);
      return interval;
    });

/** A reader that has read enough has closed the pipe (`| head`): that is an end like any other. */
export function endWithPipe(onEnd: () => void): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    onEnd();
  });
}
