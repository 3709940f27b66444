import { Writer, writePublishedChunk } from '@auralis/shared';
import type { ClientOptions } from 'ws';
import type { HubProcess } from './hub.js';
import { TestSocket } from './socket.js';

/** A listener that counts what it receives, and reports what it is told to. */
export class CountingListener {
  readonly socket: TestSocket;
  chunks = 0;
  lastSeq = 0;
  reports = 0;

  private constructor(socket: TestSocket) {
    this.socket = socket;
    socket.ws.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) return;
      this.chunks++;
      this.lastSeq = data.readUInt32BE(2);
    });
  }

  static async open(
    hub: HubProcess,
    stream: string,
    client: string,
    options: ClientOptions = {},
  ): Promise<CountingListener> {
    const url = `${hub.wsUrl}/api/v1/streams/${stream}/listen?client=${client}`;
    return new CountingListener(await TestSocket.open(url, [], options));
  }

  report(metrics: object): void {
    this.reports++;
    const counts = { chunksReceived: this.chunks, lastSeq: this.lastSeq };
    this.socket.send({ type: 'client_metrics', metrics: { ...counts, ...metrics } });
  }
}

/** An engine that publishes at an even rate and counts what it sent. */
export class CountingEngine {
  readonly socket: TestSocket;
  chunks = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(socket: TestSocket) {
    this.socket = socket;
  }

  publish(durationMs: number, payload: Uint8Array): void {
    this.socket.send(writePublishedChunk(new Writer(payload.length + 16), { durationMs, payload }));
    this.chunks++;
  }

  start(durationMs: number, payload: Uint8Array): void {
    this.#timer = setInterval(() => this.publish(durationMs, payload), 100);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }
}
