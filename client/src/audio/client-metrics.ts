import type { AudioFormat, ClientStats, ListenOptions, ListenState } from './types.js';

/** Counts what a listener receives and reports it to the hub. */
export class ClientMetrics {
  chunksReceived = 0;
  chunkErrors = 0;
  bufferUnderruns = 0;

  /** Connects to `ws(s)://host/api/v1/streams/{stream}/listen`, takes the chunks and reports by itself. Never throws. */
  static listen(_url: string, _options: ListenOptions = {}): ClientMetrics {
    return new ClientMetrics();
  }

  /** State of the connection that `listen` made; null without one. */
  get state(): ListenState | null {
    return null;
  }

  get format(): AudioFormat | null {
    return null;
  }

  /** The hub's clock now, ms since 1970, or null where it is not known. */
  hubNow(): number | null {
    return null;
  }

  /** `timestamp`: when the chunk was sent, as a date string or in ms since 1970. */
  recordChunkReceived(_timestamp: string | number | Date): void {}

  recordChunkError(): void {
    this.chunkErrors++;
  }

  recordBufferUnderrun(): void {
    this.bufferUnderruns++;
  }

  getStats(): ClientStats {
    return { chunksReceived: 0, chunkErrors: 0, bufferUnderruns: 0, avgLatencyMs: 0, errorRate: 0 };
  }

  /** Sends one `client_metrics` message over a socket of the page's own. */
  async sendToServer(_ws: { send(text: string): void }): Promise<void> {}

  /** Ends the connection that `listen` made. */
  close(): void {}
}
