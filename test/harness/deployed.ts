import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { BIN, ROOT } from './hub.js';

const START_MS = 15_000;

/** Commands of docs/operating.md that make the secrets of deploy/compose.yaml, without those of Docker itself. */
function secretCommands(): string {
  const text = readFileSync(`${ROOT}docs/operating.md`, 'utf8');
  const [block, ...others] = [...text.matchAll(/^```sh\n(.*?)^```$/gms)]
    .map(([, found = '']) => found)
    .filter((found) => found.includes('new_token()'));
  if (block === undefined || others.length > 0) throw new Error('docs/operating.md: not one block with new_token()');
  return block.replace(/^cd deploy\n/, '').replace(/^docker compose .*\n/m, '');
}

/**
 * A copy of deploy/ with the secrets of its Compose file, for programs of this machine. It differs from the shipped
 * files by the names, ports and paths in `replaced`.
 */
export class Deployed {
  readonly folder: string;
  /** Standard output of the commands that make the secrets. */
  readonly said: string;
  /** Texts of the files, each with the one that takes its place here. */
  readonly replaced: readonly (readonly [string, string])[];
  readonly ports: { readonly hub: number; readonly tls: number; readonly prometheus: number; readonly alerts: number };
  readonly #running: { readonly child: ChildProcess; readonly ended: Promise<unknown> }[] = [];
  readonly #used = new Set<string>();

  private constructor(ports: Deployed['ports']) {
    this.ports = ports;
    this.folder = join(mkdtempSync(join(tmpdir(), 'auralis-deployed-')), 'deploy');
    // nginx started by root has workers of another user, who write their files beside the configuration.
    chmodSync(join(this.folder, '..'), 0o711);
    cpSync(`${ROOT}deploy`, this.folder, { recursive: true });
    rmSync(this.path('secrets'), { recursive: true, force: true });
    const commands = secretCommands().replaceAll(/docker run --rm auralis-hub:\S+/g, `'${process.execPath}' '${BIN}'`);
    const { status, stdout, stderr } = spawnSync('sh', ['-ec', commands], { cwd: this.folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`the commands for the secrets ended with ${status}: ${stderr}`);
    this.said = stdout;
    mkdirSync(this.path('data'));
    this.replaced = [
      ['http://hub:8000', `http://127.0.0.1:${ports.hub}`],
      ['172.29.8.10:8000', `127.0.0.1:${ports.hub}`],
      ['172.29.8.0/24', '127.0.0.1'],
      ['alertmanager:9093', `127.0.0.1:${ports.alerts}`],
      ['listen 8443 ', `listen 127.0.0.1:${ports.tls} `],
      ['https://localhost/', `https://localhost:${ports.tls}/`],
      ['/tmp/nginx', this.path('nginx-')],
      ['/etc/nginx/tls', this.path('secrets/tls')],
      ['/etc/prometheus/prometheus-rules.yml', this.path('prometheus-rules.yml')],
      ['/run/secrets/prometheus-token', this.path('secrets/prometheus.token')],
      ['/etc/auralis-hub', this.path('secrets/hub')],
      ['/var/lib/auralis-hub', this.path('data')],
    ];
  }

  static async prepare(): Promise<Deployed> {
    const [hub, tls, prometheus, alerts] = [await freePort(), await freePort(), await freePort(), await freePort()];
    return new Deployed({ hub, tls, prometheus, alerts });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Substitutions that nothing needed. */
  get unused(): readonly string[] {
    return this.replaced.flatMap(([from]) => (this.#used.has(from) ? [] : [from]));
  }

  /** Return a text of the files with the substitutions. */
  here(text: string): string {
    return this.replaced.reduce((done, [from, to]) => {
      if (done.includes(from)) this.#used.add(from);
      return done.replaceAll(from, to);
    }, text);
  }

  /** Write a file with the substitutions in place; return its path. */
  substitute(name: string): string {
    writeFileSync(this.path(name), this.here(readFileSync(this.path(name), 'utf8')));
    return this.path(name);
  }

  /** Start a program and wait until `isReady` answers true. */
  async start(program: string, args: readonly string[], isReady: () => Promise<boolean>): Promise<void> {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
    this.#running.push({ child, ended: new Promise((resolve) => child.once('exit', resolve)) });
    const until = Date.now() + START_MS;
    while (!(await isReady().catch(() => false))) {
      if (child.exitCode !== null || Date.now() > until)
        throw new Error(`${program} is not ready: ${said.slice(-2_000)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    for (const { child } of this.#running) child.kill('SIGTERM');
    await Promise.all(this.#running.map(({ ended }) => ended));
    rmSync(join(this.folder, '..'), { recursive: true, force: true });
  }
}
