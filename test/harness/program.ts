import { spawnSync } from 'node:child_process';
import { describe, test } from '@jest/globals';

/**
 * Tests that need a program: skipped with one line where it is not installed, and failing where it must be (CI). It
 * is there where it runs with `probe` and succeeds.
 */
export function describeWith(program: string, name: string, tests: () => void, probe = ['--version']): void {
  const isThere = spawnSync(program, probe).status === 0;
  const missing = `${program} is not installed as it is needed (${[program, ...probe].join(' ')})`;
  if (isThere) describe(name, tests);
  else if (process.env.CI === 'true') {
    // At once and by name: the tests themselves would wait for what never comes.
    test(name, () => {
      throw new Error(missing);
    });
  } else {
    process.stderr.write(`skipped: ${name}, for ${missing}\n`);
    describe.skip(name, tests);
  }
}

/** Runs a program to its end with this on its standard input. `said`: standard output and error. */
export function runProgram(program: string, args: readonly string[], input = ''): { status: number; said: string } {
  const { status, error, stdout, stderr } = spawnSync(program, args, { input, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return { status: status ?? -1, said: `${stdout}${stderr}` };
}
