import { spawn } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { BIN, newDataDir } from '../harness/hub.js';

/** A version of Node from the registry needs a minute to come, the first time. */
const PATIENCE_MS = 120_000;

interface Run {
  readonly code: number | null;
  readonly output: string;
}

/** Run the hub's program on a version of Node; end it once `isDone` likes its output. */
function runOn(node: string, args: readonly string[], isDone: (output: string) => boolean = () => false): Promise<Run> {
  const child = spawn('npx', ['-y', `node@${node}`, BIN, ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const end = () => process.kill(-(child.pid as number), 'SIGTERM');
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece: Buffer) => {
      output += piece;
      if (isDone(output)) end();
    });
  }
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

const listening = (output: string) => /listening on \S+ \(\w+\)/.test(output);
const serve = (node: string, transport = 'auto') =>
  runOn(
    node,
    ['serve', '--port', '0', '--gpu-interval-s', '0', '--transport', transport, '--data-dir', newDataDir()],
    listening,
  );

describe('versions of Node', () => {
  test(
    '22 runs on uWebSockets',
    async () => {
      expect((await serve('22')).output).toMatch(/listening on \S+ \(uws\)/);
    },
    PATIENCE_MS,
  );

  test(
    '24 runs on ws, and one line names Node, libc and the remedy',
    async () => {
      const { output } = await serve('24');
      expect(output).toMatch(/listening on \S+ \(ws\)/);
      const lines = output.split('\n').filter((line) => line.includes('no binary'));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/Node 24\.\d+.*(glibc [\d.]+|musl).*override uWebSockets\.js with github:/);
    },
    PATIENCE_MS,
  );

  test(
    '18 is told to go, in one line',
    async () => {
      const { code, output } = await runOn('18', ['serve']);
      expect(code).toBe(1);
      expect(output.trim()).toMatch(/^auralis-hub: Node 18\.\S+ is too old: install Node 20\.19 or later[^\n]*$/);
    },
    PATIENCE_MS,
  );
});
