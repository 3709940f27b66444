import { spawn } from 'node:child_process';
import type { GpuProcess, GpuProcessEvents } from './gpu-monitor.js';

/** After its end, output on its way is awaited this long, because a child of its own may hold the pipe. */
const LAST_OUTPUT_MS = 500;
const MAX_STDERR_CHARS = 300;

/** Start `nvidia-smi`, which writes a document every `intervalS` seconds until it is ended. */
export function startNvidiaSmi(intervalS: number, events: GpuProcessEvents): GpuProcess {
  const child = spawn('nvidia-smi', ['-q', '-x', '-l', String(intervalS)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
    windowsHide: true,
  });
  let stderr = '';
  let isOver = false;
  const end = (missing: boolean, reason: string) => {
    if (isOver) return;
    isOver = true;
    child.stdout.destroy();
    child.stderr.destroy();
    events.ended({ missing, reason: `${reason} ${stderr}`.trim() });
  };
  child.stdout.on('data', (bytes: Buffer) => {
    if (!isOver) events.output(bytes);
  });
  child.stderr.on('data', (bytes: Buffer) => {
    stderr = (stderr + bytes.toString('latin1')).slice(-MAX_STDERR_CHARS);
  });
  child.on('error', (error: NodeJS.ErrnoException) => {
    // Without a pid it never ran. A later error is about a signal that could not be sent.
    if (child.pid === undefined) end(error.code === 'ENOENT' || error.code === 'EACCES', error.message);
  });
  child.on('exit', (code, signal) => {
    const reason = signal ?? `code ${code}`;
    const timer = setTimeout(() => end(false, reason), LAST_OUTPUT_MS);
    child.once('close', () => {
      clearTimeout(timer);
      end(false, reason);
    });
  });
  return {
    kill() {
      // A program that could not be started has a handle with pid 0 until the next tick, which would be our own
      // group.
      if (child.pid !== undefined) child.kill('SIGKILL');
    },
  };
}
