import { Writer, writePublishedChunk } from '@auralis/shared';
import { WebSocket } from 'ws';

const SAMPLE_RATE = 48_000;
const CHANNELS = 2;
const CHUNK_MS = 100;
const CHUNK_FRAMES = (SAMPLE_RATE * CHUNK_MS) / 1000;
const RECONNECT_MS = 200;

/** `undeclared`: it sends the same bytes and does not say what they are. */
export type Encoding = 'pcm_s16le' | 'opaque' | 'undeclared';

/** An engine that plays a quiet chord in real time, and comes back when its hub does. */
export class ToneEngine {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #writer = new Writer(32 * 1024);
  readonly #timer: NodeJS.Timeout;
  #socket: WebSocket | null = null;
  #chunks = 0;
  #nextAt = performance.now();
  #isSilent = false;
  #isStopped = false;

  /** `headers`: a token's, say. */
  constructor(
    hubWsUrl: string,
    stream: string,
    encoding: Encoding = 'pcm_s16le',
    headers: Readonly<Record<string, string>> = {},
  ) {
    this.#headers = headers;
    const query =
      encoding === 'undeclared' ? '' : `encoding=${encoding}&sampleRate=${SAMPLE_RATE}&channels=${CHANNELS}`;
    this.#url = `${hubWsUrl}/api/v1/streams/${stream}/publish?${query}`;
    this.#connect();
    this.#timer = setInterval(() => this.#tick(), 10);
  }

  /** Sends nothing until `resume`, as an engine that is late does. */
  pause(): void {
    this.#isSilent = true;
  }

  resume(): void {
    this.#nextAt = performance.now();
    this.#isSilent = false;
  }

  /** Sends chunks at once, as an engine that catches up does. */
  burst(chunks: number): void {
    for (let count = 0; count < chunks; count++) this.#send();
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#socket?.close();
  }

  #connect(): void {
    if (this.#isStopped) return;
    const socket = new WebSocket(this.#url, { headers: this.#headers });
    // A close follows each error.
    socket.on('error', () => {});
    socket.on('open', () => {
      this.#socket = socket;
      this.#nextAt = performance.now();
    });
    socket.on('close', () => {
      this.#socket = null;
      setTimeout(() => this.#connect(), RECONNECT_MS);
    });
  }

  #tick(): void {
    if (this.#socket === null || this.#isSilent) return;
    for (; performance.now() >= this.#nextAt; this.#nextAt += CHUNK_MS) this.#send();
  }

  #send(): void {
    const payload = Buffer.alloc(CHUNK_FRAMES * CHANNELS * 2);
    for (let frame = 0; frame < CHUNK_FRAMES; frame++) {
      const t = (this.#chunks * CHUNK_FRAMES + frame) / SAMPLE_RATE;
      for (let channel = 0; channel < CHANNELS; channel++) {
        const sample = 4_000 * (Math.sin(2 * Math.PI * 220 * t) + Math.sin(2 * Math.PI * (277 + 54 * channel) * t));
        payload.writeInt16LE(Math.round(sample), (frame * CHANNELS + channel) * 2);
      }
    }
    this.#chunks++;
    this.#socket?.send(writePublishedChunk(this.#writer, { durationMs: CHUNK_MS, payload }));
  }
}
