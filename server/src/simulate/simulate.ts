import { readFile } from 'node:fs/promises';
import { synthesiseChords } from './chord.js';
import { type ChunkSource, opaqueSource, PcmSource } from './chunk-source.js';
import { SimEngine } from './engine.js';
import { HubApi } from './hub-api.js';
import { type ListenerContext, SimListener } from './listener.js';
import { planOf, SimulationError, type SimulationOptions } from './options.js';
import { seededRandom } from './random.js';
import { awaitPublished, type SettledAccount, settleConnected, settleLeft } from './settle.js';
import { type SimulationSummary, summarise } from './summary.js';
import { parseWav, WavError } from './wav.js';

export { SimulationError, type SimulationOptions } from './options.js';
export { formatSummary, type SimulationSummary } from './summary.js';

export interface SimulationProgress {
  readonly elapsedS: number;
  /** `Infinity` where it goes on until it is stopped. */
  readonly durationS: number;
  /** For people. */
  readonly line: string;
}

const PROGRESS_MS = 250;
/** Listeners join over this much of the time, and over no more than the other, s. */
const JOINING_SHARE = 0.25;
const MAX_JOINING_S = 5;
/** A listener that has connected is given this long for its welcome at the end, ms. */
const WELCOME_MS = 5_000;
const SEED = 1;

const now = () => performance.timeOrigin + performance.now();

/**
 * Runs engines and listeners against a hub, and at the end holds what they counted against what the hub counted.
 * @throws SimulationError where it cannot be run as asked for, or the hub cannot be reached
 */
export async function runSimulation(
  options: SimulationOptions,
  onProgress?: (progress: SimulationProgress) => void,
): Promise<SimulationSummary> {
  const simulation = new Simulation(options);
  try {
    return await simulation.run(onProgress);
  } finally {
    simulation.destroy();
  }
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #api: HubApi;
  readonly #random = seededRandom(SEED);
  /** The hub, as it was at the beginning. */
  #firstBoot = '';
  readonly #engines: SimEngine[] = [];
  readonly #listeners: SimListener[] = [];
  /** Accounts of connections that ended while the engine went on. */
  readonly #left: Promise<SettledAccount>[] = [];

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#api = new HubApi(options.url, options.token);
  }

  async run(onProgress?: (progress: SimulationProgress) => void): Promise<SimulationSummary> {
    const plan = planOf(this.#options);
    const { chunkMs } = this.#options;
    const source = await sourceMaker(this.#options);
    this.#firstBoot = await this.#api.boot();
    for (const stream of plan.streams) {
      const url = this.#api.socketUrl(`/streams/${stream}/publish`);
      const publishedSeq = async () => (await this.#api.publishedSeqs()).get(stream) ?? 0;
      const engine = new SimEngine({ url, headers: this.#api.headers, stream, publishedSeq }, source(), chunkMs);
      await engine.connect();
      // It was let in, to be told that it may not.
      if (engine.faults.length > 0) throw new SimulationError(engine.faults.join('; '));
      this.#engines.push(engine);
    }
    const startedAt = performance.now();
    const elapsedS = () => (performance.now() - startedAt) / 1000;
    for (const engine of this.#engines) engine.start();
    const joiningS = Math.min(this.#options.durationS * JOINING_SHARE, MAX_JOINING_S);
    for (const [index, planned] of plan.listeners.entries()) {
      const listener = new SimListener(planned, this.#context(planned.stream));
      this.#listeners.push(listener);
      listener.startIn((index / plan.listeners.length) * joiningS * 1000);
    }
    await this.#go(elapsedS, onProgress);
    const durationS = elapsedS();
    return this.#settle(durationS);
  }

  /** Ends what is left. Nothing keeps the process alive afterwards. */
  destroy(): void {
    for (const engine of this.#engines) engine.kill();
    for (const listener of this.#listeners) listener.destroy();
  }

  #context(stream: string): ListenerContext {
    return {
      url: this.#api.socketUrl(`/streams/${stream}/listen`),
      headers: this.#api.headers,
      chunkMs: this.#options.chunkMs,
      random: this.#random,
      now,
      onLeft: (listener, connection) => {
        const engine = this.#engines.find((candidate) => candidate.stream === stream);
        const account = settleLeft(this.#api, listener, connection, () => engine?.lastSeq ?? 0);
        // Where the hub cannot be asked any more, the end finds out.
        account.catch(() => {});
        this.#left.push(account);
      },
    };
  }

  /** Until the time is over or the signal says so. */
  async #go(elapsedS: () => number, onProgress?: (progress: SimulationProgress) => void): Promise<void> {
    const { durationS, signal, killEngineAt } = this.#options;
    while (elapsedS() < durationS && signal?.aborted !== true) {
      if (killEngineAt !== undefined && elapsedS() >= killEngineAt) for (const engine of this.#engines) engine.kill();
      onProgress?.({ elapsedS: elapsedS(), durationS, line: this.#line() });
      await pause(Math.min(PROGRESS_MS, (durationS - elapsedS()) * 1000), signal);
    }
  }

  async #settle(durationS: number): Promise<SimulationSummary> {
    await Promise.all(this.#engines.filter(({ isKilled }) => !isKilled).map((engine) => engine.stop()));
    const published = await awaitPublished(this.#api, this.#engines);
    await this.#welcomes();
    const stayed = await settleConnected(this.#api, this.#listeners, published);
    const accounts = [...stayed, ...(await Promise.all(this.#left))];
    for (const listener of this.#listeners) listener.connection?.close();
    const { url } = this.#options;
    const hubRestarted = (await this.#api.boot()) !== this.#firstBoot;
    return summarise({
      url,
      durationS,
      hubRestarted,
      engines: this.#engines,
      published,
      listeners: this.#listeners,
      accounts,
    });
  }

  /** New listeners must know from which chunk on they count. */
  async #welcomes(): Promise<void> {
    const until = performance.now() + WELCOME_MS;
    const isWaiting = ({ connection }: SimListener) => connection !== null && connection.welcome === null;
    while (this.#listeners.some(isWaiting) && performance.now() < until) await pause(20);
  }

  #line(): string {
    let connected = 0;
    let received = 0;
    let underruns = 0;
    for (const listener of this.#listeners) {
      if (listener.connection?.welcome != null) connected++;
      received += listener.connection?.received ?? 0;
      underruns += listener.underruns;
    }
    const published = this.#engines.reduce((total, engine) => total + engine.publishedInAll, 0);
    return `${published} chunks published, ${connected} listeners, ${received} received, ${underruns} underruns`;
  }
}

/** Makes each engine its source. @throws SimulationError for a file that cannot be played */
async function sourceMaker({ audio, wav, chunkMs }: SimulationOptions): Promise<() => ChunkSource> {
  if (!audio) return () => opaqueSource(chunkMs);
  if (wav === undefined) {
    const chords = synthesiseChords();
    return () => new PcmSource(chords, chunkMs);
  }
  try {
    const recording = parseWav(await readFile(wav));
    new PcmSource(recording, chunkMs);
    return () => new PcmSource(recording, chunkMs);
  } catch (error) {
    if (error instanceof WavError) throw new SimulationError(`${wav}: ${error.message}`);
    throw new SimulationError(`${wav} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal?.addEventListener('abort', finish);
  });
}
