import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from '@msgpack/msgpack';
import { WebSocket } from 'ws';
import { ASKED, BODIES, CMCD, HEADERS, HEARD, type Hostile, PATHS, PUBLISHED } from '../hostile-corpus.js';
import { Load, sleep } from '../load.js';
import { type Figure, RefusedError, type Scenario } from '../scenario.js';
import { HubServer } from '../servers.js';
import { spreadOf } from '../statistics.js';

const MAX_MS = 10;
/** Rows that lists and conditions go over: as many as the hub serves by default. */
const ROWS = 10_000;
/** Sockets that a chunk goes to. */
const LISTENERS = 1_000;
/** For what goes on after the answer. */
const SETTLE_MS = 30;

/** Longest turn of the event loop that one message causes, for each way into the hub. */
export const hostile: Scenario = {
  id: 'hostile',
  title: 'Hostile input: longest piece of work in the event loop, CPU',
  async run({ mode, progress }) {
    const rounds = mode === 'quick' ? 3 : 9;
    const watched = await WatchedHub.start();
    const load = new Load();
    try {
      await watched.populate(progress);
      const figures: Figure[] = [];
      const measure = async (entrance: string, corpus: readonly Hostile[], send: Send) => {
        figures.push(await worstOf(entrance, corpus, rounds, watched, send, progress));
      };
      await measure('nothing', [{ name: 'nothing' }], async () => {});
      await measure('paths and queries', PATHS, (each) => watched.ask(each));
      await measure('headers', HEADERS, (each) => watched.ask(each));
      await measure('bodies', BODIES, (each) => watched.ask(each));
      await measure('CMCD', CMCD, (each) => watched.ask(each));
      await measure('/listen, messages of 4 KiB', HEARD, (each) => watched.tell('streams/bench/listen', each));
      await measure('/live, messages of 16 KiB', ASKED, (each) => watched.tell('live', each));
      await measure('/publish, events', PUBLISHED, (each) => watched.tell('streams/bench/publish', each));
      progress(`connecting ${LISTENERS} listeners`);
      await load.open({ group: 'l', port: watched.port, path: '/api/v1/streams/bench/listen', count: LISTENERS });
      await measure(`/publish, a chunk to ${LISTENERS} listeners`, CHUNKS, (each) =>
        watched.tell('streams/bench/publish', each),
      );
      return figures;
    } finally {
      await Promise.all([load.stop(), watched.stop()]);
    }
  },
};

const chunkOf = (kilobytes: number): Hostile => ({
  name: `${kilobytes} KB`,
  body: encode([100, new Uint8Array(kilobytes * 1024 - 16)]),
});
const CHUNKS = [chunkOf(2), chunkOf(64), chunkOf(1024), chunkOf(4095)];

type Send = (input: Hostile) => Promise<void>;

/** The worst of a corpus; of each input the median of its rounds. */
async function worstOf(
  entrance: string,
  corpus: readonly Hostile[],
  rounds: number,
  watched: WatchedHub,
  send: Send,
  progress: (step: string) => void,
): Promise<Figure> {
  const found = [];
  for (const each of corpus) {
    progress(`${entrance}: ${each.name}`);
    const most: number[] = [];
    for (let round = 0; round < rounds; round++) most.push(await watched.longestTurn(() => send(each)));
    const spread = spreadOf(most);
    progress(`${entrance}: ${each.name}: ${spread.median.toFixed(1)} ms`);
    found.push({ each, spread });
  }
  found.sort((left, right) => right.spread.median - left.spread.median);
  const [worst] = found as [(typeof found)[number]];
  const name = corpus.length === 1 ? entrance : `${entrance}: ${worst.each.name}`;
  const notes = [
    'The worst input of each way in, by the median of its rounds: main thread’s CPU in one turn of the loop.',
    `${ROWS} rows of connections are there.`,
  ];
  return { name, unit: 'ms', hub: worst.spread, peer: null, ratio: null, target: { max: MAX_MS, of: 'hub' }, notes };
}

/** A hub that says how long the longest turn of its loop was. */
class WatchedHub {
  readonly #server: HubServer;
  readonly #home: string;
  #asked = 0;

  private constructor(server: HubServer, home: string) {
    this.#server = server;
    this.#home = home;
  }

  static async start(): Promise<WatchedHub> {
    const home = mkdtempSync(join(tmpdir(), 'auralis-turns-'));
    const preload = new URL('../preload/turns.js', import.meta.url);
    preload.searchParams.set('to', join(home, 'turns'));
    return new WatchedHub(await HubServer.start(['--max-share-percent', '100'], ['--import', preload.href]), home);
  }

  get port(): number {
    return this.#server.port;
  }

  async populate(progress: (step: string) => void): Promise<void> {
    for (let from = 0; from < ROWS; from += 1000) {
      progress(`${from} of ${ROWS} rows`);
      const opened = Array.from({ length: 1000 }, (_, at) => ({
        ...{ type: 'connection_opened', connection: `c${from + at}`, attributes: { client: `client-${from + at}` } },
      }));
      const path = '/api/v1/streams/bench/reports';
      await this.ask({ name: 'rows', path, type: 'application/json', body: JSON.stringify(opened) });
    }
    const answer = await fetch(`http://127.0.0.1:${this.port}/api/v1/connections?limit=1`);
    const { total } = (await answer.json()) as { total: number };
    if (total !== ROWS) throw new RefusedError(`${total} rows are there, not ${ROWS}`);
  }

  /** CPU ms of the longest turn while `work` went on. */
  async longestTurn(work: () => Promise<void>): Promise<number> {
    await this.#read();
    await work();
    await sleep(SETTLE_MS);
    return this.#read();
  }

  ask({ path = '/healthz', headers = {}, type, body }: Hostile): Promise<void> {
    const method = body === undefined ? 'GET' : 'POST';
    const all = { 'accept-encoding': 'gzip', ...headers, ...(type === undefined ? {} : { 'content-type': type }) };
    return new Promise((resolve, reject) => {
      const asked = request({ port: this.port, host: '127.0.0.1', path, method, headers: all }, (answer) => {
        answer.resume();
        answer.on('close', () => resolve());
      });
      // A connection that is cut off has had its answer, too.
      asked.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? resolve() : reject(error)));
      asked.end(body);
    });
  }

  /** Sends one message on a socket of its own, and waits until it is read. */
  async tell(path: string, { body = '' }: Hostile): Promise<void> {
    const protocols = path === 'live' ? ['auralis.live.v1.json'] : [];
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}/api/v1/${path}`, protocols, { perMessageDeflate: false });
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('open', resolve));
    await sleep(SETTLE_MS);
    await this.#read();
    socket.send(body);
    const answered = new Promise((resolve) => socket.once('pong', resolve));
    socket.ping();
    await Promise.race([answered, sleep(5_000)]);
    await sleep(SETTLE_MS);
    socket.terminate();
  }

  async #read(): Promise<number> {
    process.kill(this.#server.pid, 'SIGUSR2');
    const wanted = ++this.#asked;
    for (;;) {
      await sleep(2);
      const [asked, most] = this.#said();
      if (asked === wanted) return most as number;
    }
  }

  #said(): number[] {
    try {
      return readFileSync(join(this.#home, 'turns'), 'utf8').split(' ').map(Number);
    } catch {
      return [];
    }
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    rmSync(this.#home, { recursive: true, force: true });
  }
}
