import { execFile } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DATA_FILE, LOCK_FILE } from './environment.js';

/** Exit code of the probe that found damage. */
export const DAMAGED = 9;
/** Where the probe writes, in the directory that it looks at. */
const COPY = 'probe-';
const PROBE = fileURLToPath(new URL('./probe.js', import.meta.url));
/** It takes 0.1 s, and 1.5 s for a gigabyte in memory; a file that it cannot get through is of no use to the hub either. */
const PROBE_MS = 30_000;
/** How processes end over memory that is not what they took it for. */
const CRASHES: readonly unknown[] = ['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL', 'SIGFPE', 'SIGTRAP'];

/** A database that could not be used any more, and now lies beside its place. */
export interface Damage {
  /** Path of the file as it is called now. */
  readonly file: string;
  readonly why: string;
}

/** What is wrong with the environment in `dir`, found by a process that may die of it; null where nothing is. */
export async function examine(dir: string): Promise<string | null> {
  const path = join(dir, DATA_FILE);
  if (!existsSync(path) || statSync(path).size === 0) return null;
  // One that was killed, or the probe of a hub that was, leaves its copy.
  for (const name of readdirSync(dir))
    if (name.startsWith(COPY)) rmSync(join(dir, name), { recursive: true, force: true });
  const copy = join(dir, `${COPY}${process.pid}`);
  return new Promise((resolve) => {
    const env = { ...process.env, NODE_OPTIONS: '' };
    const options = { env, timeout: PROBE_MS, killSignal: 'SIGKILL', maxBuffer: 2 ** 16 } as const;
    execFile(process.execPath, [PROBE, dir, copy], options, (error, _, stderr) => {
      rmSync(copy, { recursive: true, force: true });
      const said = stderr.trim().split('\n').at(-1) ?? '';
      if (error === null) resolve(null);
      else if (error.killed === true) resolve(`it is not read within ${PROBE_MS / 1000} s`);
      else if (CRASHES.includes(error.signal)) resolve(`reading it ends in ${error.signal}`);
      // Whatever else keeps a process from running is not the fault of the file.
      else resolve(error.code === DAMAGED ? said : null);
    });
  });
}

/** Moves the environment's file aside, in place of one that was before it: the disk is not to fill with them. */
export function setAside(dir: string, why: string, now: Date): Damage {
  for (const name of readdirSync(dir)) if (name.startsWith(`${DATA_FILE}.damaged-`)) rmSync(join(dir, name));
  const file = join(dir, `${DATA_FILE}.damaged-${now.toISOString().replace(/[:.]/g, '')}`);
  renameSync(join(dir, DATA_FILE), file);
  rmSync(join(dir, LOCK_FILE), { force: true });
  return { file, why };
}
