import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from './child.js';

const BIN = fileURLToPath(new URL('../../../server/bin/auralis-hub.js', import.meta.url));
const START_MS = 15_000;

/** Hubs that run: one that is left over when the benchmark ends would be measured with the next. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A server that is measured: a process that listens on a port of loopback. */
export interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

/** The real built hub, as `auralis-hub serve` runs it. */
export class HubServer implements Server {
  readonly name = 'hub';
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #home: string;

  private constructor(child: ChildProcess, port: number, home: string) {
    this.#child = child;
    this.port = port;
    this.#home = home;
  }

  /**
   * `args`: more flags of `serve`; `nodeArgs`: flags of Node itself; `bin`: of which checkout. @throws Error where it
   * does not listen in time
   */
  static async start(
    args: readonly string[] = [],
    nodeArgs: readonly string[] = [],
    bin: string = BIN,
  ): Promise<HubServer> {
    const home = mkdtempSync(join(tmpdir(), 'auralis-bench-'));
    const command = [...nodeArgs, bin, 'serve', '--port', '0', '--log-format', 'json', '--transport', 'uws'];
    const child = spawn(process.execPath, [...command, ...args], { cwd: home, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    child.once('exit', () => running.delete(child));
    let log = '';
    const port = await new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the hub did not listen in time: ${log}`)), START_MS);
      const read = (piece: Buffer) => {
        // Only the beginning is wanted; what comes later is read and forgotten, so that the pipe does not fill.
        if (log.length < 10_000) log += piece.toString();
        const found = /listening on http:\/\/[^/"\s]+:(\d+)/.exec(log);
        if (found === null) return;
        clearTimeout(timer);
        resolve(Number(found[1]));
      };
      child.stdout?.on('data', read);
      child.stderr?.on('data', read);
      child.once('exit', (code) => reject(new Error(`the hub ended with ${code}: ${log}`)));
    });
    return new HubServer(child, port, home);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Asks it to end and waits; after 10 s it is killed. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      const exited = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGTERM');
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(timer);
    }
    rmSync(this.#home, { recursive: true, force: true });
  }
}

/** A peer: a module below peers/ that answers `listen`, and whatever else its scenario asks. */
export class PeerServer implements Server {
  readonly name: string;
  readonly port: number;
  readonly child: Child;

  private constructor(name: string, child: Child, port: number) {
    this.name = name;
    this.child = child;
    this.port = port;
  }

  static async start(name: string, module: string, nodeArgs: readonly string[] = []): Promise<PeerServer> {
    const child = new Child(`peers/${module}.js`, [], nodeArgs);
    return new PeerServer(name, child, await child.ask<number>('listen'));
  }

  get pid(): number {
    return this.child.pid;
  }

  stop(): Promise<void> {
    return this.child.stop();
  }
}
