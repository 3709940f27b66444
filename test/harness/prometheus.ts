import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { freePort } from './free-port.js';
import { ROOT } from './hub.js';

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  /** Time, s, and value. */
  readonly value: readonly [number, string];
}

interface Config {
  readonly scrape_configs: readonly [object];
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Debian's own Prometheus, which scrapes one hub once a second. */
export class Prometheus {
  readonly #folder = mkdtempSync(join(tmpdir(), 'auralis-prometheus-'));
  readonly #child: ChildProcess;
  readonly #url: string;
  #said = '';

  private constructor(target: string, port: number, token: string | null) {
    this.#url = `http://127.0.0.1:${port}`;
    // The configuration of deploy/, at a pace for a test, and beside it the path of the specification.
    const text = readFileSync(`${ROOT}deploy/prometheus.yml`, 'utf8');
    const deployed = parse(token === null ? text : text.replace('# authorization:', 'authorization:')) as Config;
    if (token !== null) this.bring(token);
    const here = { ...deployed.scrape_configs[0], static_configs: [{ targets: [target] }] };
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [`${ROOT}deploy/prometheus-rules.yml`],
      scrape_configs: [here, { ...here, job_name: 'spec', metrics_path: '/api/v1/metrics/prometheus' }],
    };
    writeFileSync(join(this.#folder, 'prometheus.yml'), stringify(config));
    const args = [
      `--config.file=${this.#folder}/prometheus.yml`,
      `--storage.tsdb.path=${this.#folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    this.#child = spawn('prometheus', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.on('data', (piece: Buffer) => (this.#said += piece.toString()));
  }

  /** Begins to scrape the hub at this `host:port`; with a token where one is given, as deploy/ says in a comment. */
  static async start(target: string, token: string | null = null): Promise<Prometheus> {
    const prometheus = new Prometheus(target, await freePort(), token);
    await prometheus.#ready();
    return prometheus;
  }

  /** Puts another token where it looks for one. */
  bring(token: string): void {
    writeFileSync(join(this.#folder, 'hub.token'), `${token}\n`);
  }

  async #ready(): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt++) {
      const isReady = await fetch(`${this.#url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isReady) return;
      await pause(200);
    }
    throw new Error(`Prometheus is not ready: ${this.#said.slice(-2_000)}`);
  }

  async ask<Data>(path: string): Promise<Data> {
    const response = await fetch(`${this.#url}/api/v1/${path}`);
    const body = (await response.json()) as { status: string; data: Data; error?: string };
    if (body.status !== 'success') throw new Error(`${path}: ${body.error}`);
    return body.data;
  }

  /** Result of an expression for the series of one job. */
  async query(expression: string, job = 'auralis-hub'): Promise<readonly Sample[]> {
    const { result } = await this.ask<{ result: Sample[] }>(`query?query=${encodeURIComponent(expression)}`);
    return result.filter(({ metric }) => metric.job === undefined || metric.job === job);
  }

  /** The series that an expression gives anywhere in the last `seconds`, as a graph asks for them. */
  async series(expression: string, seconds: number): Promise<readonly Pick<Sample, 'metric'>[]> {
    const end = Date.now() / 1000;
    const query = new URLSearchParams({ query: expression, start: String(end - seconds), end: String(end), step: '1' });
    return (await this.ask<{ result: Pick<Sample, 'metric'>[] }>(`query_range?${query}`)).result;
  }

  /** Values of a series without labels in one job's scrapes of the last `seconds`, in order. */
  async scraped(name: string, seconds: number, job = 'auralis-hub'): Promise<readonly number[]> {
    const query = encodeURIComponent(`${name}{job="${job}"}[${seconds}s]`);
    const { result } = await this.ask<{ result: { values: Sample['value'][] }[] }>(`query?query=${query}`);
    return result.flatMap(({ values }) => values.map(([, value]) => Number(value)));
  }

  /** The one value of an expression. */
  async value(expression: string, job = 'auralis-hub'): Promise<number> {
    const samples = await this.query(expression, job);
    if (samples.length !== 1) throw new Error(`${expression}: ${samples.length} samples`);
    return Number(samples[0]?.value[1]);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await ended;
    rmSync(this.#folder, { recursive: true });
  }
}
