import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Load, sleep } from '../load.js';
import { binaryReports, textReports } from '../reports.js';
import type { Figure, Scenario } from '../scenario.js';
import { HubServer, PeerServer, type Server } from '../servers.js';
import { spreadOf } from '../statistics.js';

const SOCKETS = 500;
const PER_SECOND = 10_000;
const SECONDS = 2;
/** Until the code is compiled: what is compiled boxes less. */
const WARM_UP_SECONDS = 4;
/** For the last messages, and for the file. */
const SETTLE_MS = 300;
/** MB: so large a young generation that nothing is collected while it is looked at. */
const YOUNG_MB = 512;

/**
 * Bytes that a message leaves on the heap until it is collected, beside handlers of uWebSockets.js that do less and
 * less.
 */
export const garbage: Scenario = {
  id: 'garbage',
  title: 'Garbage: bytes of heap per client_metrics message',
  async run({ mode, progress }) {
    const rounds = mode === 'quick' ? 2 : 5;
    const hub = await Heap.of((args) => HubServer.start([], args));
    const bare = await Heap.of((args) => PeerServer.start('bare uWS', 'bare-uws', args));
    try {
      const text = textReports('full');
      const binary = binaryReports('full');
      const listen = '/api/v1/streams/bench/listen';
      progress('JSON.parse');
      const parse = await bare.perMessage('/ingest', text, rounds);
      progress('a view of the bytes');
      const view = await bare.perMessage('/view', text, rounds);
      progress('nothing');
      const nothing = await bare.perMessage('/ingest', binary, rounds);
      const figures: Figure[] = [];
      const forms = { text, ...(mode === 'full' ? { MessagePack: binary } : {}) };
      for (const [name, frames] of Object.entries(forms)) {
        progress(name);
        const ours = spreadOf(await hub.perMessage(listen, frames, rounds));
        for (const [does, theirs] of [
          ['JSON.parse', parse],
          ['a view of the bytes', view],
          ['nothing', nothing],
        ] as const) {
          const peer = { name: `bare uWS + ${does}`, value: spreadOf(theirs) };
          figures.push({ name, unit: 'bytes', hub: ours, peer, ratio: null, target: null, notes: [] });
        }
      }
      return figures;
    } finally {
      await Promise.all([hub.stop(), bare.stop()]);
    }
  },
};

/** A server whose heap can be looked at, and a load process of its own. */
class Heap {
  readonly #server: Server;
  readonly #load = new Load();
  readonly #home: string;

  private constructor(server: Server, home: string) {
    this.#server = server;
    this.#home = home;
  }

  static async of(start: (nodeArgs: readonly string[]) => Promise<Server>): Promise<Heap> {
    const home = mkdtempSync(join(tmpdir(), 'auralis-heap-'));
    const preload = new URL('../preload/heap.js', import.meta.url);
    preload.searchParams.set('to', join(home, 'heap'));
    const young = [`--max-semi-space-size=${YOUNG_MB}`, `--min-semi-space-size=${YOUNG_MB}`];
    return new Heap(await start([...young, '--import', preload.href]), home);
  }

  /** Bytes a message, above what the heap grows by in the same time without any; one figure a round. */
  async perMessage(path: string, frames: readonly Uint8Array[], rounds: number): Promise<number[]> {
    const group = `${path} ${frames[0]?.length}`;
    await this.#load.open({ group, port: this.#server.port, path, count: SOCKETS });
    const send = (seconds: number) => this.#load.send({ group, frames, perSecond: PER_SECOND, seconds });
    await send(WARM_UP_SECONDS);
    const bytes: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const idle = await this.#growthDuring(() => sleep(SECONDS * 1000));
      const busy = await this.#growthDuring(() => send(SECONDS));
      // A collection in between makes the heap smaller: that round says nothing.
      if (idle >= 0 && busy > idle) bytes.push((busy - idle) / (PER_SECOND * SECONDS));
    }
    await this.#load.close(group);
    return bytes;
  }

  async #growthDuring(work: () => Promise<unknown>): Promise<number> {
    const before = await this.#used();
    await work();
    return (await this.#used()) - before;
  }

  async #used(): Promise<number> {
    await sleep(SETTLE_MS);
    process.kill(this.#server.pid, 'SIGUSR2');
    await sleep(SETTLE_MS);
    return Number(readFileSync(join(this.#home, 'heap'), 'utf8'));
  }

  async stop(): Promise<void> {
    await Promise.all([this.#load.stop(), this.#server.stop()]);
    rmSync(this.#home, { recursive: true, force: true });
  }
}
