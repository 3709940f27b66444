/** Bytes that may be held for strangers: in total, and for each address. */
export class ByteBudget {
  readonly #maxBytes: number;
  readonly #maxBytesPerAddress: number;
  readonly #byAddress = new Map<string, number>();
  #held = 0;

  constructor(maxBytes: number, maxBytesPerAddress: number) {
    this.#maxBytes = maxBytes;
    this.#maxBytesPerAddress = maxBytesPerAddress;
  }

  /** Bytes held now. */
  get held(): number {
    return this.#held;
  }

  /** Count `bytes` as held for `address`; false, and nothing is counted, if they are too many. */
  take(address: string, bytes: number): boolean {
    const ofAddress = (this.#byAddress.get(address) ?? 0) + bytes;
    if (ofAddress > this.#maxBytesPerAddress || this.#held + bytes > this.#maxBytes) return false;
    this.#byAddress.set(address, ofAddress);
    this.#held += bytes;
    return true;
  }

  /** Give back what was taken. */
  give(address: string, bytes: number): void {
    const ofAddress = (this.#byAddress.get(address) ?? 0) - bytes;
    if (ofAddress > 0) this.#byAddress.set(address, ofAddress);
    else this.#byAddress.delete(address);
    this.#held -= bytes;
  }
}
