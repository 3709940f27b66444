const { stderr } = process;

/** One line that says what is being done; on a terminal it is rewritten in place. */
export class Progress {
  readonly #startedAt = performance.now();

  show(text: string): void {
    const elapsed = `${Math.floor(this.seconds)} s`.padStart(6);
    if (stderr.isTTY) stderr.write(`\r\x1b[K${elapsed}  ${text}`);
    else stderr.write(`${elapsed}  ${text}\n`);
  }

  clear(): void {
    if (stderr.isTTY) stderr.write('\r\x1b[K');
  }

  /** Since the start. */
  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }
}
