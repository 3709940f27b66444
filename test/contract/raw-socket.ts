import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** A frame as it came: payloads of servers are not masked. */
export interface RawFrame {
  readonly opcode: number;
  readonly final: boolean;
  readonly payload: Buffer;
}

export interface RawOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Keep the socket open for writing when the other side has ended it. */
  readonly allowHalfOpen?: boolean;
  /** Speak TLS, whatever the certificate. */
  readonly tls?: boolean;
}

/** A WebSocket client made of bytes: it reads when told to, and sends what no library would. */
export class RawSocket {
  readonly socket: Socket;
  readonly frames: RawFrame[] = [];
  /** Status and headers of the answer to the handshake. */
  head = '';
  bytesRead = 0;
  isEnded = false;
  readonly #host: string;
  readonly #waiting = new Set<() => void>();
  #unread: Buffer[] = [];
  #unreadLength = 0;

  private constructor(socket: Socket, host: string) {
    this.socket = socket;
    this.#host = host;
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('end', () => this.#note(() => (this.isEnded = true)));
    socket.on('close', () => this.#note(() => (this.isEnded = true)));
    socket.on('data', (bytes: Buffer) => this.#note(() => this.#take(bytes)));
  }

  /** Connect and shake hands. Resolves when the head of the answer is here, whatever it says. */
  static async open(port: number, path: string, options: RawOptions = {}): Promise<RawSocket> {
    const raw = RawSocket.connect(port, options);
    raw.upgrade(path, options);
    await raw.until(() => raw.head !== '' || raw.isEnded);
    return raw;
  }

  /** Connect, and send nothing yet. */
  static connect(port: number, { allowHalfOpen = false, tls = false }: RawOptions = {}): RawSocket {
    const options = { port, host: '127.0.0.1', allowHalfOpen };
    const socket = tls ? connectTls({ ...options, rejectUnauthorized: false }) : connect(options);
    return new RawSocket(socket, `127.0.0.1:${port}`);
  }

  /** Ask for a WebSocket. */
  upgrade(path: string, options: RawOptions = {}): void {
    const headers = {
      Host: this.#host,
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      'Sec-WebSocket-Version': '13',
      ...options.headers,
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  }

  /** Send a plain request. */
  get(path: string): void {
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n\r\n`);
  }

  /** Bytes behind the head that are no whole frame: the body of a refusal. */
  get rest(): string {
    return Buffer.concat(this.#unread).toString();
  }

  get status(): number {
    return Number(this.head.split(' ')[1] ?? 0);
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** A masked frame, as clients must send them. */
  frame(opcode: number, payload: Uint8Array | string, final = true): Buffer {
    const bytes = Buffer.from(payload as string);
    const head = Buffer.alloc(bytes.length < 126 ? 2 : bytes.length < 65_536 ? 4 : 10);
    head[0] = (final ? 0x80 : 0) | opcode;
    if (head.length === 2) head[1] = 0x80 | bytes.length;
    else if (head.length === 4) {
      head[1] = 0xfe;
      head.writeUInt16BE(bytes.length, 2);
    } else {
      head[1] = 0xff;
      head.writeBigUInt64BE(BigInt(bytes.length), 2);
    }
    const mask = randomBytes(4);
    return Buffer.concat([head, mask, bytes.map((byte, at) => byte ^ (mask[at & 3] as number))]);
  }

  send(opcode: number, payload: Uint8Array | string, final = true): void {
    this.socket.write(this.frame(opcode, payload, final));
  }

  /** Resolves when `condition` holds; checked whenever something arrives. Rejects after `timeoutMs`. */
  until(condition: () => boolean, timeoutMs = 10_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`timed out with ${this.frames.length} frames, ended: ${this.isEnded}`));
      }, timeoutMs);
      const check = () => {
        if (!condition()) return;
        this.#waiting.delete(check);
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  destroy(): void {
    this.socket.destroy();
  }

  #note(change: () => void): void {
    change();
    for (const check of this.#waiting) check();
  }

  #take(bytes: Buffer): void {
    this.bytesRead += bytes.length;
    this.#unread.push(bytes);
    this.#unreadLength += bytes.length;
    if (this.head === '') this.#readHead();
    if (this.head !== '') while (this.#readFrame());
  }

  #readHead(): void {
    const all = this.#all();
    const end = all.indexOf('\r\n\r\n');
    if (end === -1) return;
    this.head = all.toString('latin1', 0, end);
    this.#drop(end + 4);
  }

  #readFrame(): boolean {
    if (this.#unreadLength < 2 || !this.head.startsWith('HTTP/1.1 101')) return false;
    const first = this.#unread[0] as Buffer;
    const all = first.length >= 10 ? first : this.#all();
    const short = (all[1] as number) & 0x7f;
    const at = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (all.length < at) return false;
    const length = short < 126 ? short : short === 126 ? all.readUInt16BE(2) : Number(all.readBigUInt64BE(2));
    if (this.#unreadLength < at + length) return false;
    const whole = first.length >= at + length ? first : this.#all();
    const payload = Buffer.from(whole.subarray(at, at + length));
    const head = whole[0] as number;
    this.#drop(at + length);
    this.frames.push({ opcode: head & 0x0f, final: (head & 0x80) !== 0, payload });
    return true;
  }

  #all(): Buffer {
    const all = Buffer.concat(this.#unread);
    this.#unread = [all];
    return all;
  }

  #drop(count: number): void {
    const rest = (this.#unread[0] as Buffer).subarray(count);
    this.#unread = rest.length > 0 ? [rest, ...this.#unread.slice(1)] : this.#unread.slice(1);
    this.#unreadLength -= count;
  }
}

/** Opcodes of frames. */
export const FRAME = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;

/** Payload of a close frame. */
export function closePayload(code: number, reason = ''): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return payload;
}
