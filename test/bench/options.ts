import type { Mode } from './scenario.js';

export interface BenchOptions {
  readonly mode: Mode;
  /** Ids of the scenarios to run; all without. */
  readonly only: readonly string[] | null;
  /** Put the table into BENCHMARKS.md. */
  readonly write: boolean;
  /** Where the figures go as JSON; earlier ones of other scenarios stay in it. */
  readonly json: string;
}

/** The command line is not understood; `message` says what is allowed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const USAGE = 'usage: pnpm bench [--quick] [--only ID,ID…] [--json FILE] [--write]';

/** @throws UsageError */
export function parseOptions(args: readonly string[], known: readonly string[], defaultJson: string): BenchOptions {
  let mode: Mode = 'full';
  let write = false;
  let only: string[] | null = null;
  let json = defaultJson;
  const rest = [...args];
  while (rest.length > 0) {
    const arg = rest.shift() as string;
    if (arg === '--quick') mode = 'quick';
    else if (arg === '--full') mode = 'full';
    else if (arg === '--write') write = true;
    else if (arg === '--only') only = (rest.shift() ?? '').split(',');
    else if (arg === '--json') json = rest.shift() ?? '';
    else if (arg !== '--') throw new UsageError(`${arg} is unknown; ${USAGE}`);
  }
  const unknown = only?.find((id) => !known.includes(id));
  if (unknown !== undefined) throw new UsageError(`--only ${unknown}: known are ${known.join(', ')}`);
  if (json === '') throw new UsageError('--json takes the name of a file');
  return { mode, only, write, json };
}
