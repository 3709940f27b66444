import { StringDecoder } from 'node:string_decoder';

const START = '<nvidia_smi_log>';
const END = '</nvidia_smi_log>';
/** Sixteen GPUs with their lists of clocks and processes are under 1 MB. */
const MAX_LOG_CHARS = 8_000_000;
const MAX_OUTSIDE_CHARS = 500;
const PROLOG = /<\?xml[^>]*>|<!DOCTYPE[^>]*>/g;

/**
 * Cuts the output of `nvidia-smi -q -x -l` into documents, `<nvidia_smi_log>…</nvidia_smi_log>`, without the prolog,
 * however the reads fall. A document that breaks off before another begins is left out.
 */
export class LogSplitter {
  readonly #decoder = new StringDecoder('utf8');
  #text = '';
  #outside = '';

  /** Return the documents that end with these bytes. */
  push(bytes: Uint8Array): string[] {
    const logs: string[] = [];
    // An end may have begun in the read before.
    let from = Math.max(0, this.#text.length - END.length);
    this.#text += this.#decoder.write(bytes as Buffer);
    for (;;) {
      const end = this.#text.indexOf(END, from);
      if (end < 0) break;
      const start = this.#text.lastIndexOf(START, end);
      this.#noteOutside(this.#text.slice(0, start < 0 ? end : start));
      if (start >= 0) {
        logs.push(this.#text.slice(start, end + END.length));
        this.#outside = '';
      }
      this.#text = this.#text.slice(end + END.length);
      from = 0;
    }
    this.#dropWhatIsNoLog(from);
    return logs;
  }

  /** Text since the last document, and outside of one: the reason that a program without documents gives. */
  get outside(): string {
    return this.#outside.replace(PROLOG, '').trim();
  }

  /** Keep the newest beginning of a document. `from`: where it is, if that is known. */
  #dropWhatIsNoLog(from: number): void {
    const newest = this.#text.slice(from).lastIndexOf(START);
    const start = newest >= 0 ? from + newest : this.#text.indexOf(START);
    // Without a start, the last characters may still become one.
    const keep = start >= 0 ? start : Math.max(0, this.#text.length - START.length);
    this.#noteOutside(this.#text.slice(0, keep));
    this.#text = this.#text.length - keep > MAX_LOG_CHARS ? '' : this.#text.slice(keep);
  }

  #noteOutside(text: string): void {
    if (/\S/.test(text) && !text.includes(START)) this.#outside = (this.#outside + text).slice(-MAX_OUTSIDE_CHARS);
  }
}
