/** Bytes of a payload that a handler may look at. */
export const HEAD_BYTES = 96;

/** Called for each frame, once all of it has come. `head`: the payload's first bytes, valid during the call. */
export type OnFrame = (opcode: number, length: number, head: Uint8Array) => void;

/**
 * Finds the frames in a server's bytes without touching their payloads: a load process that parses like a client
 * would cost more than the server it measures.
 */
export class FrameReader {
  readonly #onFrame: OnFrame;
  readonly #header = Buffer.alloc(10);
  #headerLength = 0;
  readonly #head = new Uint8Array(HEAD_BYTES);
  #headLength = 0;
  #opcode = 0;
  #length = 0;
  /** Bytes of the payload that have not come; -1 while a header is read. */
  #left = -1;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** Takes `bytes` from `at` to `end`. */
  push(bytes: Buffer, from: number, end: number): void {
    let at = from;
    while (at < end) {
      if (this.#left < 0) {
        this.#header[this.#headerLength++] = bytes[at++] as number;
        if (this.#headerLength < 2 || this.#headerLength < this.#headerSize()) continue;
        this.#begin();
      } else {
        const count = Math.min(this.#left, end - at);
        const wanted = Math.min(count, HEAD_BYTES - this.#headLength);
        for (let index = 0; index < wanted; index++) this.#head[this.#headLength++] = bytes[at + index] as number;
        this.#left -= count;
        at += count;
      }
      if (this.#left === 0) this.#finish();
    }
  }

  #headerSize(): number {
    const length = (this.#header[1] as number) & 0x7f;
    return length < 126 ? 2 : length === 126 ? 4 : 10;
  }

  #begin(): void {
    const short = (this.#header[1] as number) & 0x7f;
    this.#opcode = (this.#header[0] as number) & 0x0f;
    this.#length =
      short < 126 ? short : short === 126 ? this.#header.readUInt16BE(2) : Number(this.#header.readBigUInt64BE(2));
    this.#left = this.#length;
    this.#headLength = 0;
  }

  #finish(): void {
    this.#left = -1;
    this.#headerLength = 0;
    this.#onFrame(this.#opcode, this.#length, this.#head.subarray(0, this.#headLength));
  }
}
