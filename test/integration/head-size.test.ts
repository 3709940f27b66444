import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { describe, test } from '@jest/globals';
import { expectHeadSizes } from '../harness/head-sizes.js';
import { HubProcess, newDataDir, ROOT } from '../harness/hub.js';

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
