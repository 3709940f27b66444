import { randomBytes } from 'node:crypto';
import { mayReconnect, Writer, writePublishedChunk } from '@auralis/shared';
import { WebSocket } from 'ws';
import type { ChunkSource } from './chunk-source.js';
import { SimulationError } from './options.js';
import { SimPhrases } from './phrases.js';
import { seededRandom } from './random.js';

/** A hub that does not read holds its engine up: beyond this nothing more is published, and nothing more counted. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** An engine that slept longer than this goes on from now instead of publishing all that it missed. */
const MAX_CATCH_UP_MS = 2_000;
const OPEN_MS = 10_000;
const CLOSE_MS = 5_000;

/** After a lost connection the next is tried after this long, ms. */
const AWAY_MS = { min: 250, max: 1_000 };

/** Where an engine publishes. */
export interface EngineTarget {
  /** URL of `/publish`, without its query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly stream: string;
  /** Number of the stream's last chunk, as the hub says. */
  readonly publishedSeq: () => Promise<number>;
}

/**
 * One engine: publishes chunk after chunk, on a schedule that does not drift, and counts them; and tells of the
 * phrases that it would have made them of. It comes back when it loses its connection.
 */
export class SimEngine {
  readonly stream: string;
  /** Number of the stream's last chunk when it connected, the last time. */
  seqBefore = 0;
  /** Since then. Chunks on their way when a connection was lost may never have reached the hub. */
  published = 0;
  /** Over all its connections. */
  publishedInAll = 0;
  /** Times it came back. */
  reconnects = 0;
  /** It vanished without a word: the last chunks may not have reached the hub. */
  isKilled = false;
  /** Faults, for the summary. */
  readonly faults: string[] = [];
  readonly #target: EngineTarget;
  readonly #source: ChunkSource;
  readonly #chunkMs: number;
  readonly #writer = new Writer();
  readonly #phrases: SimPhrases;
  readonly #random: () => number;
  /** Name for the hub (`?engine=`), by which the engine takes its place back. */
  readonly #id = `sim-${randomBytes(6).toString('hex')}`;
  #socket: WebSocket | null = null;
  #timer: NodeJS.Timeout | undefined;
  #nextAt = 0;
  #isStopping = false;

  constructor(target: EngineTarget, source: ChunkSource, chunkMs: number) {
    this.#chunkMs = chunkMs;
    this.#target = target;
    this.stream = target.stream;
    this.#source = source;
    // Each engine its own numbers, the same in every run.
    this.#random = seededRandom([...this.stream].reduce((seed, letter) => seed * 31 + letter.charCodeAt(0), 1));
    this.#phrases = new SimPhrases(this.#random);
  }

  /** Number of the last chunk that it published. */
  get lastSeq(): number {
    return this.seqBefore + this.published;
  }

  /** @throws SimulationError where the hub refuses, or cannot be reached */
  async connect(): Promise<void> {
    const { url, headers, stream } = this.#target;
    const { encoding, sampleRate, channels } = this.#source.format;
    const query = `engine=${this.#id}&encoding=${encoding}&sampleRate=${sampleRate}&channels=${channels}`;
    const socket = new WebSocket(`${url}?${query}`, {
      headers,
      perMessageDeflate: false,
      handshakeTimeout: OPEN_MS,
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', (error) => reject(new SimulationError(`no engine for stream ${stream}: ${error.message}`)));
      socket.once('unexpected-response', (request, response) => {
        request.destroy();
        const why = response.statusCode === 409 ? 'it has one already' : `answered ${response.statusCode}`;
        reject(new SimulationError(`no engine for stream ${stream}: ${why}`));
      });
    });
    this.#socket = socket;
    socket.on('message', (message) =>
      this.faults.push(`engine of ${stream}: the hub said ${String(message).slice(0, 200)}`),
    );
    socket.on('error', () => {});
    socket.on('close', (code, reason) => this.#lost(code, String(reason)));
    // Nobody else publishes the stream from here on.
    this.seqBefore = await this.#target.publishedSeq();
    this.published = 0;
    if (this.#isStopping) socket.close();
  }

  start(): void {
    this.#nextAt = performance.now();
    this.#publishDue();
  }

  /** Publishes no more, lets what waits leave, and closes. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    if (socket === null) {
      this.faults.push(`engine of ${this.stream}: lost its connection, and found no way back`);
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.terminate(), CLOSE_MS);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      socket.close(1000);
    });
  }

  /** Vanishes as a process that is killed does. */
  kill(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.isKilled = true;
    clearTimeout(this.#timer);
    this.#socket?.terminate();
  }

  #lost(code: number, reason: string): void {
    this.#socket = null;
    clearTimeout(this.#timer);
    if (this.#isStopping) return;
    if (mayReconnect(code)) this.#comeBackLater();
    else
      this.faults.push(`engine of ${this.stream}: closed by the hub with ${code}${reason === '' ? '' : `: ${reason}`}`);
  }

  #comeBackLater(): void {
    const waitMs = AWAY_MS.min + (AWAY_MS.max - AWAY_MS.min) * this.#random();
    this.#timer = setTimeout(() => void this.#comeBack(), waitMs);
  }

  async #comeBack(): Promise<void> {
    try {
      await this.connect();
    } catch {
      // It is not there yet, or went again. A socket that was open tells by itself that it is not any more.
      if (this.#socket !== null) this.#socket.terminate();
      else if (!this.#isStopping) this.#comeBackLater();
      return;
    }
    this.reconnects++;
    if (this.#socket !== null && !this.#isStopping) this.start();
  }

  #publishDue(): void {
    const now = performance.now();
    if (now - this.#nextAt > MAX_CATCH_UP_MS) this.#nextAt = now;
    for (; this.#nextAt <= now; this.#nextAt += this.#chunkMs) this.#publish();
    this.#tell(now);
    this.#timer = setTimeout(() => this.#publishDue(), this.#nextAt - now);
  }

  /** Events count for nothing in the accounts; one that the hub refuses is a fault like any other. */
  #tell(now: number): void {
    const events = this.#phrases.due(now);
    if (events.length > 0 && this.#isReady) this.#socket?.send(JSON.stringify(events));
  }

  get #isReady(): boolean {
    const socket = this.#socket;
    return socket?.readyState === WebSocket.OPEN && socket.bufferedAmount <= MAX_WAITING_BYTES;
  }

  #publish(): void {
    if (!this.#isReady) return;
    // A client masks what it sends, into a buffer of its own: this one may be written again.
    this.#socket?.send(writePublishedChunk(this.#writer, this.#source.next()));
    this.published++;
    this.publishedInAll++;
  }
}
