import { spawnSync } from 'node:child_process';
import { describe, test } from '@jest/globals';

/** Run tests that need a program. The program is there if it runs with `probe` and succeeds. */
export function describeWith(program: string, name: string, tests: () => void, probe = ['--version']): void {
  const isThere = spawnSync(program, probe).status === 0;
  describeIf(isThere, `${program} is not installed as it is needed (${[program, ...probe].join(' ')})`, name, tests);
}

/** Run tests that need something of the machine. Without it, skip them with one line, and fail under CI. */
export function describeIf(isThere: boolean, missing: string, name: string, tests: () => void): void {
  if (isThere) describe(name, tests);
  else if (process.env.CI === 'true') {
    // The tests themselves would wait for the missing thing.
    test(name, () => {
      throw new Error(missing);
    });
  } else {
    process.stderr.write(`skipped: ${name}, because ${missing}\n`);
    describe.skip(name, tests);
  }
}

/** Runs a program to its end with this on its standard input. `said`: standard output and error. */
export function runProgram(program: string, args: readonly string[], input = ''): { status: number; said: string } {
  const { status, error, stdout, stderr } = spawnSync(program, args, { input, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return { status: status ?? -1, said: `${stdout}${stderr}` };
}
