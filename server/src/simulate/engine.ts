import { MAX_CHUNK_MESSAGE_BYTES, Writer, writePublishedChunk } from '@auralis/shared';
import { WebSocket } from 'ws';
import { CHUNK_MS, type ChunkSource } from './chunk-source.js';
import { SimulationError } from './options.js';
import { SimPhrases } from './phrases.js';
import { seededRandom } from './random.js';

/** A hub that does not read holds its engine up: beyond this nothing more is published, and nothing more counted. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** An engine that slept longer than this goes on from now instead of publishing all that it missed. */
const MAX_CATCH_UP_MS = 2_000;
const OPEN_MS = 10_000;
const CLOSE_MS = 5_000;

/**
 * One engine: publishes a chunk every 100 ms, on a schedule that does not drift, and counts them; and tells of the phrases
 * that it would have made them of.
 */
export class SimEngine {
  readonly stream: string;
  /** Number of the stream's last chunk before this engine. */
  readonly seqBefore: number;
  published = 0;
  /** It vanished without a word: the last chunks may not have reached the hub. */
  isKilled = false;
  /** What went wrong, for the summary. */
  readonly faults: string[] = [];
  readonly #socket: WebSocket;
  readonly #source: ChunkSource;
  readonly #writer = new Writer(MAX_CHUNK_MESSAGE_BYTES);
  readonly #phrases: SimPhrases;
  #timer: NodeJS.Timeout | undefined;
  #nextAt = 0;
  #isStopping = false;

  private constructor(stream: string, seqBefore: number, socket: WebSocket, source: ChunkSource) {
    this.stream = stream;
    this.seqBefore = seqBefore;
    this.#socket = socket;
    this.#source = source;
    // Each engine its own numbers, the same in every run.
    this.#phrases = new SimPhrases(
      seededRandom([...stream].reduce((seed, letter) => seed * 31 + letter.charCodeAt(0), 1)),
    );
    socket.on('message', (message) =>
      this.faults.push(`engine of ${stream}: the hub said ${String(message).slice(0, 200)}`),
    );
    socket.on('error', () => {});
    socket.on('close', (code) => {
      clearTimeout(this.#timer);
      if (!this.#isStopping) this.faults.push(`engine of ${stream}: closed by the hub with ${code}`);
    });
  }

  /** Connects. `url`: of `/publish`, without its query. @throws SimulationError where the hub refuses */
  static async connect(url: string, stream: string, seqBefore: number, source: ChunkSource): Promise<SimEngine> {
    const { encoding, sampleRate, channels } = source.format;
    const socket = new WebSocket(`${url}?encoding=${encoding}&sampleRate=${sampleRate}&channels=${channels}`, {
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
    return new SimEngine(stream, seqBefore, socket, source);
  }

  /** Number of the last chunk that it published. */
  get lastSeq(): number {
    return this.seqBefore + this.published;
  }

  start(): void {
    this.#nextAt = performance.now();
    this.#publishDue();
  }

  /** Publishes no more, lets what waits leave, and closes. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#socket.terminate(), CLOSE_MS);
      this.#socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#socket.close(1000);
    });
  }

  /** Vanishes as a process that is killed does. */
  kill(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.isKilled = true;
    clearTimeout(this.#timer);
    this.#socket.terminate();
  }

  #publishDue(): void {
    const now = performance.now();
    if (now - this.#nextAt > MAX_CATCH_UP_MS) this.#nextAt = now;
    for (; this.#nextAt <= now; this.#nextAt += CHUNK_MS) this.#publish();
    this.#tell(now);
    this.#timer = setTimeout(() => this.#publishDue(), this.#nextAt - now);
  }

  /** Events count for nothing in the accounts; one that the hub refuses is a fault like any other. */
  #tell(now: number): void {
    const events = this.#phrases.due(now);
    if (events.length > 0 && this.#isReady) this.#socket.send(JSON.stringify(events));
  }

  get #isReady(): boolean {
    return this.#socket.readyState === WebSocket.OPEN && this.#socket.bufferedAmount <= MAX_WAITING_BYTES;
  }

  #publish(): void {
    if (!this.#isReady) return;
    // A client masks what it sends, into a buffer of its own: this one may be written again.
    this.#socket.send(writePublishedChunk(this.#writer, this.#source.next()));
    this.published++;
  }
}
