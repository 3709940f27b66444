/** Follows the frames of a byte stream (RFC 6455, 5.2) by their heads alone, however the bytes are cut. */
export class FrameScanner {
  readonly #onFrame: (bytes: number, isControl: boolean) => void;
  /** Bytes of the head that have come; 0 between two frames. */
  #headBytes = 0;
  #first = 0;
  /** Bytes of the extended length that are still to come, then those of the mask. */
  #lengthBytes = 0;
  #maskBytes = 0;
  #payloadBytes = 0;
  #isFragmented = false;
  #messages = 0;

  /** `onFrame` is told of each frame when its head is complete. `bytes`: head and payload. */
  constructor(onFrame: (bytes: number, isControl: boolean) => void) {
    this.#onFrame = onFrame;
  }

  /** Whether a message or a frame has begun and not ended. */
  get isMidMessage(): boolean {
    return this.#isFragmented || this.#headBytes > 0;
  }

  /** Messages that have ended. */
  get messages(): number {
    return this.#messages;
  }

  push(data: Uint8Array): void {
    let at = 0;
    while (at < data.length) {
      if (this.#isInPayload) {
        const bytes = Math.min(this.#payloadBytes, data.length - at);
        this.#payloadBytes -= bytes;
        at += bytes;
        if (this.#payloadBytes === 0) this.#endFrame();
      } else this.#takeHead(data[at++] as number);
    }
  }

  get #isInPayload(): boolean {
    return this.#headBytes >= 2 && this.#lengthBytes === 0 && this.#maskBytes === 0;
  }

  #takeHead(byte: number): void {
    this.#headBytes++;
    if (this.#headBytes === 1) this.#first = byte;
    else if (this.#headBytes === 2) {
      const length = byte & 0x7f;
      this.#maskBytes = (byte & 0x80) === 0 ? 0 : 4;
      this.#lengthBytes = length === 127 ? 8 : length === 126 ? 2 : 0;
      this.#payloadBytes = this.#lengthBytes === 0 ? length : 0;
    } else if (this.#lengthBytes > 0) {
      this.#lengthBytes--;
      this.#payloadBytes = this.#payloadBytes * 256 + byte;
    } else this.#maskBytes--;
    if (!this.#isInPayload) return;
    const isControl = (this.#first & 0x08) !== 0;
    // A control frame may come between the fragments of a message.
    if (!isControl) this.#isFragmented = (this.#first & 0x80) === 0;
    this.#onFrame(this.#headBytes + this.#payloadBytes, isControl);
    if (this.#payloadBytes === 0) this.#endFrame();
  }

  #endFrame(): void {
    this.#headBytes = 0;
    if ((this.#first & 0x88) === 0x80) this.#messages++;
  }
}
