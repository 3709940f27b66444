import type { Socket } from '@auralis/client';
import { type Peer, SEND, type SocketHandler } from '@auralis/server/transport/transport';
import { readChunk } from '@auralis/shared';
import { Path, type Timeline } from './network.js';

/** A listener's way to the hub and back. */
export interface Paths {
  /** Least time there and back, and what comes on top on average, ms. */
  readonly upMs: number;
  readonly downMs: number;
  readonly jitterMs: number;
  readonly seed: number;
}

/** Facts of a connection that neither side reports. */
export interface Witness {
  /** A chunk has arrived, `trueMs` after the hub sent it, and has not been handed on yet. */
  chunk?(trueMs: number, durationMs: number): void;
  /** A report leaves; what is returned runs right after the hub has taken it in. */
  report?(connectionId: string, metrics: Readonly<Record<string, unknown>>): (() => void) | undefined;
}

/** A WebSocket over simulated paths: the SDK's end of it, and through a peer the hub's. */
export class SimulatedSocket implements Socket {
  binaryType = 'blob';
  readyState = 0;
  bufferedAmount = 0;
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  onerror: Socket['onerror'] = null;
  readonly #timeline: Timeline;
  readonly #up: Path;
  readonly #down: Path;
  readonly #witness: Witness;
  readonly #peer: Peer;
  #handler: SocketHandler | null = null;
  #isStarved = false;
  #id = '';

  /** `accept` makes the hub's end when the request has arrived; null: it is refused. */
  constructor(timeline: Timeline, paths: Paths, witness: Witness, accept: () => SocketHandler | null) {
    this.#timeline = timeline;
    this.#up = new Path(timeline, paths.upMs, paths.jitterMs, paths.seed * 2 + 1);
    this.#down = new Path(timeline, paths.downMs, paths.jitterMs, paths.seed * 2 + 2);
    this.#witness = witness;
    this.#peer = {
      send: (message) => {
        this.#deliver(typeof message === 'string' ? message : message.slice());
        return SEND.SENT;
      },
      backlog: () => 0,
      isClosing: false,
      ping: (payload) => {
        const copy = (payload ?? new Uint8Array()).slice();
        this.#down.send(() => this.#up.send(() => this.#handler?.onPong(this.#peer, copy)));
      },
      close: (code) => this.#down.send(() => this.#end(code)),
      cork: (batch) => batch(),
    };
    this.#up.send(() => {
      const handler = accept();
      if (handler === null) {
        this.#down.send(() => this.#end(1006));
        return;
      }
      this.#down.send(() => {
        this.readyState = 1;
        this.onopen?.({} as never);
      });
      this.#handler = handler;
      handler.onOpen(this.#peer);
    });
  }

  send(data: string | Uint8Array): void {
    const text = data as string;
    const { type, metrics } = JSON.parse(text) as { type: string; metrics: Record<string, unknown> };
    const taken = type === 'client_metrics' ? this.#witness.report?.(this.#id, metrics) : undefined;
    this.#up.send(() => {
      if (this.#handler === null) return;
      this.#handler.onMessage(this.#peer, Buffer.from(text), false);
      taken?.();
    });
  }

  close(): void {
    this.readyState = 3;
    this.#up.send(() => this.#leave(1000));
  }

  /** The way there, or back, stalls for this long. */
  stall(way: 'up' | 'down', ms: number): void {
    (way === 'up' ? this.#up : this.#down).stall(ms);
  }

  /** No chunk arrives any more; all other messages do. */
  starve(): void {
    this.#isStarved = true;
  }

  /** The way back carries no more than a message each `spacingMs`. */
  slow(spacingMs: number): void {
    this.#down.spacingMs = spacingMs;
  }

  /** The connection is lost; the hub notices at once, the listener after the way there. */
  cut(): void {
    this.#leave(1006);
    this.#down.send(() => this.#end(1006));
  }

  #deliver(message: string | Uint8Array): void {
    const sentAt = this.#timeline.now;
    this.#down.send(() => {
      if (this.readyState !== 1) return;
      if (typeof message === 'string') {
        const { type, connectionId } = JSON.parse(message) as { type: string; connectionId: string };
        if (type === 'welcome') this.#id = connectionId;
        this.onmessage?.({ data: message });
        return;
      }
      if (this.#isStarved) return;
      this.#witness.chunk?.(this.#timeline.now - sentAt, readChunk(message)?.durationMs ?? 0);
      this.onmessage?.({ data: message.buffer });
    });
  }

  #leave(code: number): void {
    const handler = this.#handler;
    this.#handler = null;
    handler?.onClose(this.#peer, code, false);
  }

  #end(code: number): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#leave(code);
    this.onclose?.({ code });
  }
}
