import { OPCODE } from './frames.js';
import { LiveReader } from './live-frames.js';
import { RawSocket } from './raw-socket.js';

export interface GroupOptions {
  readonly group: string;
  readonly port: number;
  readonly path: string;
  readonly protocol?: string;
  readonly count: number;
  /** Sockets are spread over this many addresses of loopback. */
  readonly addresses?: number;
  /** Adds `?client=<group>-<number>`, so that the hub's account of each can be found. */
  readonly named?: boolean;
  /** Sent by each as soon as it is open. */
  readonly hello?: Uint8Array;
  /** They are dashboards of the hub: looks for gaps in their frames, and acknowledges each if `acks`. */
  readonly live?: { readonly acks: boolean };
}

/** Bytes and messages of a group since the last `reset`. */
export interface GroupCounts {
  /** Binary messages of each socket. */
  readonly bySocket: Uint32Array;
  readonly binary: number;
  readonly binaryBytes: number;
  readonly text: number;
  readonly textBytes: number;
  /** Binary messages, and their bytes, by their second byte: the opcode in the live protocol. */
  readonly kinds: Float64Array;
  readonly kindBytes: Float64Array;
  /** DELTAs that did not follow the frame before them, and BEHINDs: something was lost or skipped. Never reset. */
  readonly gaps: number;
  /** Sockets that are closed. */
  readonly closed: number;
}

/** Handshakes at a time: more would overflow the server's queue of connections not accepted yet. */
const AT_A_TIME = 100;

/** Sockets of one kind to one server. */
export class Group {
  readonly sockets: RawSocket[] = [];
  #bySocket = new Uint32Array(0);
  /** Number of the last chunk of each socket, as the hub numbers them; a server that does not gets its own count. */
  readonly #lastSeqs: number[] = [];
  #binary = 0;
  #binaryBytes = 0;
  #text = 0;
  #textBytes = 0;
  #kinds = new Float64Array(256);
  #kindBytes = new Float64Array(256);
  #gaps = 0;

  static async open(options: GroupOptions): Promise<Group> {
    const group = new Group();
    await group.add(options);
    return group;
  }

  /** Opens `count` more. */
  async add(options: GroupOptions): Promise<void> {
    const end = this.sockets.length + options.count;
    const counts = new Uint32Array(end);
    counts.set(this.#bySocket.subarray(0, end));
    this.#bySocket = counts;
    while (this.sockets.length < end) {
      const batch = Math.min(AT_A_TIME, end - this.sockets.length);
      await Promise.all(Array.from({ length: batch }, () => this.#openOne(options)));
    }
  }

  /** Closes the newest until there are `count` at most. */
  shrink(count: number): void {
    for (const socket of this.sockets.splice(count)) socket.destroy();
  }

  reset(): void {
    this.#bySocket.fill(0);
    this.#binary = this.#binaryBytes = this.#text = this.#textBytes = 0;
    this.#kinds.fill(0);
    this.#kindBytes.fill(0);
  }

  counts(): GroupCounts {
    return {
      bySocket: this.#bySocket,
      binary: this.#binary,
      binaryBytes: this.#binaryBytes,
      text: this.#text,
      textBytes: this.#textBytes,
      kinds: this.#kinds,
      kindBytes: this.#kindBytes,
      gaps: this.#gaps,
      closed: this.sockets.filter(({ closed }) => closed).length,
    };
  }

  /** Number of the last chunk that a socket received; 0 before the first. */
  lastSeq(at: number): number {
    return this.#lastSeqs[at] ?? 0;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  #openOne(options: GroupOptions): Promise<void> {
    const at = this.sockets.length;
    const { port, protocol, group, addresses = 1, named = false, live } = options;
    const path = named ? `${options.path}?client=${group}-${at}` : options.path;
    const localAddress = addresses > 1 ? `127.0.0.${2 + (at % addresses)}` : undefined;
    const reader = live === undefined ? null : new LiveReader();
    const socket = new RawSocket({ port, path, protocol, localAddress }, (opcode, length, head) => {
      this.#note(at, opcode, length, head);
      if (reader === null || opcode !== OPCODE.BINARY) return;
      if (!reader.follows(head)) this.#gaps++;
      const ack = live?.acks === true ? reader.ack(head) : null;
      if (ack !== null) socket.write(ack);
    });
    this.sockets.push(socket);
    return socket.opened.then(() => {
      if (options.hello !== undefined) socket.write(options.hello);
    });
  }

  #note(at: number, opcode: number, length: number, head: Uint8Array): void {
    if (opcode === OPCODE.TEXT) {
      this.#text++;
      this.#textBytes += length;
    }
    if (opcode !== OPCODE.BINARY) return;
    this.#binary++;
    this.#binaryBytes += length;
    this.#bySocket[at] = (this.#bySocket[at] as number) + 1;
    const isChunk = head[0] === 0x94 && head[1] === 0xce;
    this.#lastSeqs[at] = isChunk ? uint32(head, 2) : (this.#lastSeqs[at] ?? 0) + 1;
    const kind = head[1] ?? 0;
    this.#kinds[kind] = (this.#kinds[kind] as number) + 1;
    this.#kindBytes[kind] = (this.#kindBytes[kind] as number) + length;
  }
}

const uint32 = (bytes: Uint8Array, at: number) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at);
