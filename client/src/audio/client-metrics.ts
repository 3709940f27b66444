import { Listener } from './listener.js';
import type { AudioFormat, ClientStats, ListenerWelcome, ListenOptions, ListenState } from './types.js';

/** Latency samples that the average is taken over: ten seconds of chunks. */
const SAMPLES = 100;

/**
 * Counts what a listener receives and reports it to the hub: over the page's own socket with `sendToServer`, or all
 * by itself after `ClientMetrics.listen`.
 */
export class ClientMetrics {
  chunksReceived = 0;
  chunkErrors = 0;
  bufferUnderruns = 0;
  /**
   * Arrival minus sending, ms, each by its own clock: the last 100 of this connection, the oldest overwritten in
   * place.
   */
  readonly latencySamples: number[] = [];

  #next = 0;
  #now: () => number = () => Date.now();
  #listener: Listener | null = null;

  /**
   * Connect to `ws(s)://host/api/v1/streams/{stream}/listen`, take the chunks, estimate the hub's clock, report as
   * often as the hub asks, and come back after a break. Never throws. If the URL is invalid, or the hub would refuse
   * the name of stream or client, the error is reported like one of the page, and the state is `closed`.
   */
  static listen(url: string, options: ListenOptions = {}): ClientMetrics {
    const metrics = new ClientMetrics();
    const listener = new Listener(url, options, metrics);
    metrics.#listener = listener;
    metrics.#now = listener.now;
    listener.open();
    return metrics;
  }

  /** State of the connection that `listen` made; null without one. */
  get state(): ListenState | null {
    return this.#listener?.state ?? null;
  }

  /**
   * WebSocket close code that ended the connection for good (0: wrong URL or name; 4101: a token is needed, or
   * another one), else null.
   */
  get closeCode(): number | null {
    return this.#listener?.closeCode ?? null;
  }

  /** Format of the chunks' bytes; null if no engine has declared one. */
  get format(): AudioFormat | null {
    return this.#listener?.format ?? null;
  }

  /** The hub's welcome on this connection or the last one. */
  get welcome(): ListenerWelcome | null {
    return this.#listener?.welcome ?? null;
  }

  /** The hub's clock now, ms since 1970, or null where it is not known. */
  hubNow(): number | null {
    const offset = this.#listener?.offsetMs() ?? null;
    return offset === null ? null : this.#now() + offset;
  }

  /**
   * `timestamp`: when the chunk was sent, as a date string or in ms since 1970. A chunk with an invalid time counts,
   * without a latency.
   */
  recordChunkReceived(timestamp?: string | number | Date): void {
    this.chunksReceived++;
    const sentAt = typeof timestamp === 'number' ? timestamp : new Date(timestamp as string).getTime();
    const sample = this.#now() - sentAt;
    if (!Number.isFinite(sample)) return;
    this.latencySamples[this.#next] = sample;
    this.#next = (this.#next + 1) % SAMPLES;
  }

  recordChunkError(): void {
    this.chunkErrors++;
  }

  recordBufferUnderrun(): void {
    this.bufferUnderruns++;
  }

  /** Forgets the latency samples, as when a clock was set, or a connection begins, and they compare no more. */
  clearLatency(): void {
    this.latencySamples.length = this.#next = 0;
  }

  /** `avgLatencyMs` is corrected by the offset of the clocks where it is known, and 0 without a sample. */
  getStats(): ClientStats {
    const samples = this.latencySamples;
    const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
    return {
      chunksReceived: this.chunksReceived,
      chunkErrors: this.chunkErrors,
      bufferUnderruns: this.bufferUnderruns,
      avgLatencyMs: samples.length > 0 ? mean + (this.#listener?.offsetMs() ?? 0) : 0,
      errorRate: this.chunkErrors / Math.max(this.chunksReceived, 1),
      ...this.#listener?.figures(),
    };
  }

  /** Sends one `client_metrics` message over a socket of the page's own. */
  async sendToServer(ws: { send(text: string): void }): Promise<void> {
    ws.send(JSON.stringify({ type: 'client_metrics', metrics: this.getStats() }));
  }

  /** Ends the connection that `listen` made. */
  close(): void {
    this.#listener?.close();
  }
}
