import { Listener } from './listener.js';
import type { AudioFormat, ClientStats, ListenerWelcome, ListenOptions, ListenState } from './types.js';

/** How many latency samples are averaged: ten seconds' worth at ten chunks a second. */
const SAMPLES = 100;

/**
 * Counts what a listener receives, and reports it to the hub. There are two ways. A page with its own socket calls
 * the `record…` methods and `sendToServer`. `ClientMetrics.listen` connects and reports without further calls.
 */
export class ClientMetrics {
  chunksReceived = 0;
  chunkErrors = 0;
  bufferUnderruns = 0;
  /**
   * The last 100 samples of this connection. Each is the arrival time by the client's clock minus the sending
   * time by the hub's clock, ms. A new sample overwrites the oldest, so they are not in order of time.
   */
  readonly latencySamples: number[] = [];

  #nextSampleAt = 0;
  #now: () => number = () => Date.now();
  #listener: Listener | null = null;

  /**
   * Connect to `ws(s)://host/api/v1/streams/{stream}/listen`, receive the chunks, estimate the hub's clock, and
   * report as often as the hub asks. Reconnect when the connection breaks. Never throws: for an invalid URL or name
   * it calls `reportError`, as for an uncaught error of the page, and the state is `closed`.
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
   * Why no reconnection is tried: a WebSocket close code, such as 4101 for a token that is missing or was refused. 0
   * if the URL or a name is invalid. Null otherwise.
   */
  get closeCode(): number | null {
    return this.#listener?.closeCode ?? null;
  }

  /** Format of the chunks' bytes. Null until the engine, which makes the chunks, has declared one. */
  get format(): AudioFormat | null {
    return this.#listener?.format ?? null;
  }

  /** The last welcome that the hub has sent, on this connection or an earlier one. */
  get welcome(): ListenerWelcome | null {
    return this.#listener?.welcome ?? null;
  }

  /** The hub's clock now, ms since 1970, or null where it is not known. */
  hubNow(): number | null {
    const offset = this.#listener?.offsetMs() ?? null;
    return offset === null ? null : this.#now() + offset;
  }

  /**
   * `timestamp`: when the chunk was sent, as a date string or in ms since 1970. If it is missing or invalid, the
   * chunk is counted and gives no latency sample.
   */
  recordChunkReceived(timestamp?: string | number | Date): void {
    this.chunksReceived++;
    const sentAt = typeof timestamp === 'number' ? timestamp : new Date(timestamp as string).getTime();
    const sample = this.#now() - sentAt;
    if (!Number.isFinite(sample)) return;
    this.latencySamples[this.#nextSampleAt] = sample;
    this.#nextSampleAt = (this.#nextSampleAt + 1) % SAMPLES;
  }

  recordChunkError(): void {
    this.chunkErrors++;
  }

  recordBufferUnderrun(): void {
    this.bufferUnderruns++;
  }

  /**
   * Discard the latency samples. Call it when a clock was set or a connection begins: older samples cannot be
   * compared with newer ones.
   */
  clearLatency(): void {
    this.latencySamples.length = this.#nextSampleAt = 0;
  }

  /**
   * `avgLatencyMs` is the mean of the samples, plus the offset between the two clocks once that is known. It is 0
   * without samples.
   */
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
