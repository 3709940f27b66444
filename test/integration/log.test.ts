import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { freePort } from '../harness/free-port.js';
import { BIN, newDataDir } from '../harness/hub.js';
import { describeWith } from '../harness/program.js';

const FORMATS = ['json', 'pretty'];
/** CPU of a running process, in ticks of 10 ms. */
const cpuTicks = (pid: number) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
};
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs the hub with its output on a terminal, and takes that away once it listens; says which process it is. */
const LOSES_TERMINAL = `
import os, pty, subprocess, sys
ours, its = pty.openpty()
hub = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=its, stderr=its, start_new_session=True)
os.close(its)
said = b''
while b'listening on' not in said: said += os.read(ours, 4096)
os.close(ours)
print(hub.pid, flush=True)
hub.wait()
`;

let dataDir: string;
beforeEach(() => {
  dataDir = newDataDir();
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const commandOf = (format: string, port: number) => [
  ...[process.execPath, BIN, 'serve', '--port', `${port}`],
  ...['--log-format', format, '--data-dir', dataDir],
];

async function untilItListens(url: string): Promise<void> {
  for (;;) {
    const isUp = await fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return;
    await wait(50);
  }
}

/** Raise an alert, which it would log; then it has a second of CPU. */
async function expectItGoesOn(url: string, pid: number): Promise<void> {
  const raise = (title: string) =>
    fetch(`${url}/api/v1/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ severity: 'error', title, message: 'nobody reads this' }),
    });
  for (const title of ['one', 'another']) expect((await raise(title)).status).toBe(201);
  const before = cpuTicks(pid);
  await wait(1000);
  expect(cpuTicks(pid) - before).toBeLessThan(40);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const hubs = (await (await fetch(`${url}/api/v1/hubs`)).json()) as { items: unknown[] };
  expect(hubs.items).toEqual([expect.objectContaining({ errors: 0 })]);
}

describe('a log that cannot be written neither ends the hub nor keeps it busy', () => {
  test.each(FORMATS)('on a full disk, %s', async (format) => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const full = openSync('/dev/full', 'w');
    const [program = '', ...args] = commandOf(format, port);
    const hub = spawn(program, args, { stdio: ['ignore', full, 'ignore'] });
    closeSync(full);
    const ended = once(hub, 'exit');
    try {
      await untilItListens(url);
      await expectItGoesOn(url, hub.pid as number);
      hub.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
    } finally {
      hub.kill('SIGKILL');
    }
  });
});

describeWith('python3', 'a hub whose terminal is gone', () => {
  test.each(FORMATS)('goes on, and ends when told to, %s', async (format) => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const terminal = spawn('python3', ['-c', LOSES_TERMINAL, ...commandOf(format, port)]);
    const ended = once(terminal, 'exit');
    const [said] = (await once(terminal.stdout, 'data')) as [Buffer];
    const pid = Number(said);
    try {
      await expectItGoesOn(url, pid);
      process.kill(pid, 'SIGTERM');
      // With which status is Node's matter: older ones abort where they cannot give a terminal its settings back.
      await ended;
    } finally {
      terminal.kill('SIGKILL');
      if (terminal.exitCode === null) process.kill(pid, 'SIGKILL');
    }
  });
});
