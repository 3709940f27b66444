import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the checkout; compiled tests lie in test/dist/harness. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const BIN = `${ROOT}server/bin/auralis-hub.js`;

const START_MS = 15_000;
const STOP_MS = 10_000;

/** A data directory for one hub; the caller removes it. */
export const newDataDir = () => mkdtempSync(join(tmpdir(), 'auralis-data-'));

/** Conditions that a process runs under. */
export interface Under {
  /** Id of its user, and of its group. Only root can set it. */
  readonly uid?: number;
  /** A shell command to run first, such as `ulimit -f 100`. */
  readonly shell?: string;
  /** Program and first arguments, such as those of an installed hub. By default Node, and the hub of the checkout. */
  readonly command?: readonly string[];
  /** Working directory of the process; by default that of the tests. */
  readonly cwd?: string;
  /** The start fails if the hub does not listen within this time, ms. */
  readonly startMs?: number;
}

/** The real built hub in a process of its own. Its data directory is removed when the process has ended. */
export class HubProcess {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #log: string[];
  readonly #exited: Promise<number | null>;

  private constructor(child: ChildProcess, url: string, log: string[], exited: Promise<number | null>) {
    this.#child = child;
    this.url = url;
    this.#log = log;
    this.#exited = exited;
  }

  /**
   * Start `serve` on a free port (unless `args` names one) and wait until it listens. `env` is added to our own. If
   * it has `AURALIS_DATA_DIR`, that directory is used and stays. `under`: other circumstances of the process.
   */
  static async start(
    args: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
    under: Under = {},
  ): Promise<HubProcess> {
    const port = args.includes('--port') ? [] : ['--port', '0'];
    const { child, log, exited } = run(['serve', '--log-format', 'json', ...port, ...args], env, under);
    const url = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => fail('did not listen in time'), under.startMs ?? START_MS);
      const fail = (why: string) => {
        child.kill('SIGKILL');
        reject(new Error(`the hub ${why}: ${log.join('')}`));
      };
      child.stdout?.on('data', () => {
        const found = /listening on (https?:\S+)/.exec(log.join(''));
        if (found?.[1] === undefined) return;
        clearTimeout(timer);
        resolve(found[1]);
      });
      exited.then((code) => {
        clearTimeout(timer);
        fail(`ended with ${code}`);
      });
    });
    return new HubProcess(child, url, log, exited);
  }

  get wsUrl(): string {
    return this.url.replace('http', 'ws');
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** The signal that has ended it, or ends it within this time; null where none does. */
  async endedBy(withinMs: number): Promise<NodeJS.Signals | null> {
    await Promise.race([this.#exited, new Promise((resolve) => setTimeout(resolve, withinMs).unref())]);
    return this.#child.signalCode;
  }

  /** All that it has printed. */
  get log(): string {
    return this.#log.join('');
  }

  async get<Body>(path: string): Promise<Body> {
    const response = await fetch(this.url + path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Body;
  }

  /** Resident memory, bytes. */
  get rss(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  }

  /** Signal the whole process group, because a command such as npx passes no signal on to the hub that it started. */
  #kill(signal: NodeJS.Signals): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) process.kill(-this.pid, signal);
  }

  /** Send a signal, by default SIGTERM. Return the exit code, and how long the stop took, ms. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ code: number | null; ms: number }> {
    const startedAt = performance.now();
    this.#kill(signal);
    const timer = setTimeout(() => this.#kill('SIGKILL'), STOP_MS);
    const code = await this.#exited;
    clearTimeout(timer);
    return { code, ms: performance.now() - startedAt };
  }
}

/** Runs a command of the hub to its end. */
export async function runCommand(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  under: Under = {},
): Promise<{ code: number | null; output: string }> {
  const { log, exited } = run(args, env, under);
  return { code: await exited, output: log.join('') };
}

/** Start a command of the hub. `output` is all that it has printed; `exited` gives its exit code. */
export function startCommand(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { child, log, exited } = run(args, env);
  return { exited, output: () => log.join(''), kill: (signal: NodeJS.Signals) => child.kill(signal) };
}

function run(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  { uid, shell, cwd, command = [process.execPath, BIN] }: Under = {},
) {
  const ownDir = env.AURALIS_DATA_DIR === undefined ? newDataDir() : null;
  const first = shell === undefined ? [] : ['sh', '-c', `${shell} && exec "$0" "$@"`];
  const [program = '', ...given] = [...first, ...command, ...args];
  const child = spawn(program, given, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...(uid === undefined ? {} : { uid, gid: uid }),
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...(ownDir === null ? {} : { AURALIS_DATA_DIR: ownDir }), ...env },
  });
  const log: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => log.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => log.push(chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve)).finally(() => {
    if (ownDir !== null) rmSync(ownDir, { recursive: true, force: true });
  });
  return { child, log, exited };
}
