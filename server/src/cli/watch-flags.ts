import { hubUrl } from '@auralis/client/terminal/hub-url';
import { LIVE_INTERVALS_MS, TOKEN } from '@auralis/shared';
import { InvalidArgumentError, Option } from 'commander';
import { ConfigError } from '../config/error.js';

/** Flags of the commands that are clients of a hub. */
export const urlFlag = () =>
  new Option('--url <URL>', 'the hub, by http(s):// or ws(s)://')
    .env('AURALIS_HUB_URL')
    .default('http://127.0.0.1:8000')
    .argParser((text: string) => {
      try {
        return hubUrl(text);
      } catch {
        throw new InvalidArgumentError('a URL like http://127.0.0.1:8000 or ws://127.0.0.1:8000.');
      }
    });

/** Exit codes that `top`, `tail` and `simulate` share. */
export const CLIENT_EXIT_CODES = `
Exit codes: 0 done, 1 the hub is not there or refuses, or an account does not add up, 2 asked for wrongly.
`;

/** A hub's token. `roles`: what it is to be for. */
export const tokenFlag = (roles: string) =>
  new Option('--token <TOKEN>', `for a hub that asks for one: ${roles}; the variable is seen by fewer`)
    .env('AURALIS_TOKEN')
    .argParser((text: string) => {
      const token = text.trim();
      // Not by commander's own error, which shows what was found.
      if (!TOKEN.test(token))
        throw new ConfigError('--token: visible ASCII characters (what stands there is not shown)');
      return token;
    });

export const intervalFlag = (otherwise: number) =>
  new Option('--interval <MS>', `how often the hub sends what changed: ${LIVE_INTERVALS_MS.join(', ')}`)
    .default(otherwise)
    .argParser((text: string) => {
      const interval = LIVE_INTERVALS_MS.find((allowed) => String(allowed) === text);
      if (interval === undefined) throw new InvalidArgumentError(`one of ${LIVE_INTERVALS_MS.join(', ')}.`);
      return interval;
    });

/** Call back when the reader of the output has closed the pipe (`| head`). */
export function onClosedPipe(onEnd: () => void): void {
  process.stdout.once('error', onEnd);
}
