import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';

/** Each in a group of its own: what kills the group kills that one, and nobody else. */
const SCRIPT = `
  process.env.PATH = '/nowhere';
  const { startNvidiaSmi } = await import('@auralis/server/host/nvidia-smi');
  for (let attempt = 0; attempt < 40; attempt++) startNvidiaSmi(1, { output() {}, ended() {} }).kill();
`;

test('ended in the tick in which it could not be started, it kills nobody', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], { detached: true, stdio: 'ignore' });
  const [status, signal] = await once(child, 'exit');
  expect([status, signal]).toEqual([0, null]);
});
