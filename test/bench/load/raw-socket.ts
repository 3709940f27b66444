import { connect, type Socket } from 'node:net';
import { FrameReader, HEAD_BYTES, type OnFrame } from './frame-reader.js';
import { clientFrame, OPCODE } from './frames.js';

export interface RawTarget {
  readonly port: number;
  /** With its query. */
  readonly path: string;
  readonly protocol?: string | undefined;
  /** Address of this end: each of 127.0.0.0/8 has its own 28,000 ports. */
  readonly localAddress?: string | undefined;
}

const OPEN_MS = 20_000;
const END_OF_HEADERS = Buffer.from('\r\n\r\n');
/** Any key will do: nothing here checks the answer to it. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** One for all sockets: what is read is counted at once and never kept. */
const readBuffer = Buffer.alloc(256 * 1024);

/**
 * A WebSocket client that shakes hands by hand, writes frames made beforehand and counts what comes. Answers pings.
 */
export class RawSocket {
  readonly socket: Socket;
  /** Resolves once the server has accepted; rejects for anything but 101. */
  readonly opened: Promise<void>;
  closed = false;
  readonly #reader: FrameReader;
  #handshake: Buffer | null = Buffer.alloc(0);
  #accept: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  constructor(target: RawTarget, onFrame: OnFrame) {
    this.#reader = new FrameReader((opcode, length, head) => {
      if (opcode === OPCODE.PING) this.#pong(length, head);
      else onFrame(opcode, length, head);
    });
    this.opened = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${target.path}: no answer to the upgrade`)), OPEN_MS);
      this.#accept = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#fail = (error) => {
        clearTimeout(timer);
        reject(error);
      };
    });
    const { port, localAddress } = target;
    const onread = {
      buffer: readBuffer,
      callback: (count: number, bytes: Uint8Array) => {
        this.#take(bytes as Buffer, count);
        return true;
      },
    };
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true, onread, ...(localAddress && { localAddress }) });
    this.socket.on('connect', () => this.socket.write(requestOf(target)));
    this.socket.on('error', (error) => this.#fail(error));
    this.socket.on('close', () => {
      this.closed = true;
      this.#fail(new Error(`${target.path}: closed before it was open`));
    });
  }

  write(frame: Uint8Array): void {
    this.socket.write(frame);
  }

  destroy(): void {
    this.socket.destroy();
  }

  #take(bytes: Buffer, count: number): void {
    if (this.#handshake === null) {
      this.#reader.push(bytes, 0, count);
      return;
    }
    const answer = Buffer.concat([this.#handshake, bytes.subarray(0, count)]);
    const end = answer.indexOf(END_OF_HEADERS);
    if (end < 0) {
      this.#handshake = answer;
      return;
    }
    this.#handshake = null;
    const status = answer.toString('latin1', 0, answer.indexOf('\r\n'));
    if (status.startsWith('HTTP/1.1 101')) this.#accept();
    else this.#fail(new Error(`upgrade refused: ${status}`));
    this.#reader.push(answer, end + END_OF_HEADERS.length, answer.length);
  }

  #pong(length: number, payload: Uint8Array): void {
    if (length <= HEAD_BYTES) this.socket.write(clientFrame(OPCODE.PONG, payload));
  }
}

function requestOf({ port, path, protocol }: RawTarget): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${KEY}`,
    'Sec-WebSocket-Version: 13',
    ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
