import { connect, type Socket } from 'node:net';

const END_OF_HEADERS = Buffer.from('\r\n\r\n');

export interface PollOptions {
  readonly port: number;
  readonly count: number;
}

/** Pages that poll: connections that stay open, each with one request on its way at most. */
export class Pollers {
  readonly #sockets: Poller[] = [];

  /** Opens pages, or closes the newest, until there are `count`. */
  async resize({ port, count }: PollOptions): Promise<void> {
    for (const poller of this.#sockets.splice(count)) poller.close();
    const missing = count - this.#sockets.length;
    const fresh = Array.from({ length: missing }, () => new Poller(port));
    this.#sockets.push(...fresh);
    await Promise.all(fresh.map(({ opened }) => opened));
  }

  /**
   * Each asks once in `everyMs`, one after the other; returns the answers that came. `late`: asks that found it
   * waiting.
   */
  poll({ everyMs, seconds }: { everyMs: number; seconds: number }): Promise<{ sent: number; late: number }> {
    const pollers = this.#sockets;
    const before = this.answers;
    const total = Math.round((pollers.length * seconds * 1000) / everyMs);
    const begun = performance.now();
    let asked = 0;
    let late = 0;
    return new Promise((resolve) => {
      const timer = setInterval(() => {
        const elapsed = performance.now() - begun;
        const due = Math.min(total, Math.floor((elapsed / everyMs) * pollers.length));
        for (; asked < due; asked++) if (!(pollers[asked % pollers.length] as Poller).ask()) late++;
        // The last answers are given a second.
        if (asked < total || (this.answers - before < total - late && elapsed < seconds * 1000 + 1000)) return;
        clearInterval(timer);
        resolve({ sent: this.answers - before, late });
      }, 1);
    });
  }

  get answers(): number {
    return this.#sockets.reduce((sum, { answers }) => sum + answers, 0);
  }
}

class Poller {
  answers = 0;
  readonly opened: Promise<void>;
  readonly #socket: Socket;
  readonly #request: Buffer;
  #isWaiting = false;
  /** Bytes of the answer's body that have not come; -1 before its headers. */
  #left = -1;

  constructor(port: number) {
    this.#request = Buffer.from(`GET /rows HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.opened = new Promise((resolve, reject) => {
      this.#socket.once('connect', resolve);
      this.#socket.once('error', reject);
    });
    this.#socket.on('data', (bytes) => this.#take(bytes as Buffer));
  }

  /** False where the last answer has not come. */
  ask(): boolean {
    if (this.#isWaiting) return false;
    this.#isWaiting = true;
    this.#left = -1;
    this.#socket.write(this.#request);
    return true;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    let body = bytes.length;
    if (this.#left < 0) {
      // Headers are a few hundred bytes and come in one piece over loopback.
      const end = bytes.indexOf(END_OF_HEADERS) + END_OF_HEADERS.length;
      const length = /content-length: (\d+)/i.exec(bytes.toString('latin1', 0, end));
      this.#left = Number(length?.[1] ?? 0);
      body -= end;
    }
    this.#left -= body;
    if (this.#left > 0) return;
    this.#isWaiting = false;
    this.answers++;
  }
}
