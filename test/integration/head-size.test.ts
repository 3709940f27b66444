import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { RawSocket } from '../contract/raw-socket.js';
import { ask } from '../harness/http.js';
import { HubProcess, newDataDir, ROOT } from '../harness/hub.js';

const KIB = 1_024;
/** Headers of `bytes` in all, in lines of 4 KiB as browsers send cookies. */
const headersOf = (bytes: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: bytes / (4 * KIB) }, (_, at) => [`x-${at}`, 'c'.repeat(4 * KIB - 'x-0: \r\n'.length)]),
  );

async function expectHeadSizes(port: number): Promise<void> {
  const status = async (bytes: number) => (await ask(port, '/healthz', { headers: headersOf(bytes) })).status;
  expect([await status(4 * KIB), await status(16 * KIB)]).toEqual([200, 200]);
  const socket = await RawSocket.open(port, '/api/v1/streams/main/listen', { headers: headersOf(16 * KIB) });
  expect(socket.status).toBe(101);
  socket.destroy();
  expect(await status(24 * KIB)).toBe(431);
}

const SCRIPT = `
import { createHub } from '@auralis/server';
const hub = await createHub({ port: 0, logLevel: 'silent', dataDir: process.argv[1], transport: process.argv[2] });
console.log(hub.port);
process.on('SIGTERM', () => hub.stop().then(() => process.exit()));
`;

describe.each(['uws', 'ws'])('16 KB of headers pass on %s, and 24 KB do not', (transport) => {
  test('of a hub on its own', async () => {
    const hub = await HubProcess.start(['--transport', transport]);
    try {
      await expectHeadSizes(hub.port);
    } finally {
      await hub.stop();
    }
  });

  test('of a hub in a program', async () => {
    const dataDir = newDataDir();
    const args = ['--input-type=module', '-e', SCRIPT, dataDir, transport];
    const program = spawn(process.execPath, args, { cwd: `${ROOT}test`, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [port] = (await once(program.stdout, 'data')) as [Buffer];
      await expectHeadSizes(Number(port));
    } finally {
      program.kill();
      await once(program, 'close');
      rmSync(dataDir, { recursive: true });
    }
  });
});
