import type { ReadStream, WriteStream } from 'node:tty';
import type { Size } from './screen.js';
import { type Line, paint, widthOfLine } from './text.js';

/** Opens the alternate screen, without a cursor and without wrapping. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J';
const LEAVE = '\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l';
/** A terminal with synchronised output shows everything between these two at once. Others ignore them. */
const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';

/** A terminal that is taken over, drawn on, and restored. */
export class Terminal {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #colour: boolean;
  /** The lines on the screen. Empty when they are unknown. */
  #shown: readonly string[] = [];
  #isTaken = false;

  constructor(input: ReadStream, output: WriteStream, colour: boolean) {
    this.#input = input;
    this.#output = output;
    this.#colour = colour;
  }

  get size(): Size {
    return { width: Math.max(1, this.#output.columns), height: Math.max(1, this.#output.rows) };
  }

  /** The terminal has not taken the last frame yet. More drawing would only queue. */
  get isBusy(): boolean {
    return this.#output.writableNeedDrain;
  }

  take(): void {
    if (this.#isTaken) return;
    this.#isTaken = true;
    this.#shown = [];
    if (this.#input.isTTY) this.#input.setRawMode(true);
    this.#output.write(ENTER);
  }

  /** May be called at any time, even while the process ends. */
  giveBack(): void {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    this.#output.write(LEAVE);
    if (this.#input.isTTY) this.#input.setRawMode(false);
  }

  /** Forgets what the screen shows. The next frame draws all of it. */
  forget(): void {
    this.#shown = [];
  }

  /** Draws the changed lines, in one write. */
  draw(lines: readonly Line[]): void {
    if (!this.#isTaken) return;
    const { width } = this.size;
    const painted = lines.map((line) => paint(line, this.#colour));
    const isNew = this.#shown.length !== painted.length;
    let frame = isNew ? '\x1b[2J' : '';
    for (const [at, text] of painted.entries()) {
      if (!isNew && text === this.#shown[at]) continue;
      // After a full line the cursor stands on its last cell, and erasing to the end would remove that cell.
      const isFull = widthOfLine(lines[at] as Line) >= width;
      frame += `\x1b[${at + 1};1H${text}${isFull ? '' : '\x1b[K'}`;
    }
    this.#shown = painted;
    if (frame !== '') this.#output.write(BEGIN + frame + END);
  }
}
