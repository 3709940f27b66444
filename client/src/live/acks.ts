import type { Frame, Request } from '@auralis/shared/messages';

/** Confirms frames to the hub, at once or when it is released. */
export class Acks {
  readonly #send: (request: Request) => void;
  /** The last frame of each source in each channel, which confirms those before it; null while none is held back. */
  #held: Map<string, Request> | null = null;

  constructor(send: (request: Request) => void) {
    this.#send = send;
  }

  confirm({ channel, source, seq }: Frame): void {
    const ack: Request = { kind: 'ack', channel, source, seq };
    if (this.#held === null) this.#send(ack);
    else this.#held.set(`${channel} ${source}`, ack);
  }

  hold(): void {
    this.#held ??= new Map();
  }

  release(): void {
    const held = this.#held;
    this.#held = null;
    for (const ack of held?.values() ?? []) this.#send(ack);
  }

  /** The connection is gone, and its channels too. */
  lost(): void {
    this.#held?.clear();
  }
}
