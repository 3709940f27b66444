import { DecodeError } from './decode-error.js';

/**
 * Parse one JSON value. `JSON.parse` has no limits of its own, so depth and nodes are counted first: separators and
 * brackets, each character once.
 * @throws DecodeError
 */
export function readJson(text: string, maxDepth: number, maxNodes: number): unknown {
  const scan = new JsonScan(text, maxDepth, maxNodes);
  scan.value();
  return parsed(text);
}

/**
 * Parse the items of a JSON list, each when asked for. A value that is no list is its own only item. @throws
 * DecodeError
 */
export function* readJsonItems(text: string, maxDepth: number, maxNodes: number): Generator<unknown, boolean> {
  const scan = new JsonScan(text, maxDepth, maxNodes);
  if (!scan.opensList()) {
    yield readJson(text, maxDepth, maxNodes);
    return false;
  }
  for (let from = scan.at, isFirst = true; ; from = scan.at, isFirst = false) {
    const end = scan.item();
    const item = text.slice(from, end.at);
    if (isFirst && end.isLast && item.trim() === '') break;
    yield parsed(item);
    if (end.isLast) break;
  }
  if (text.slice(scan.at).trim() !== '') throw new DecodeError('not JSON');
  return true;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new DecodeError('not JSON');
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;

/** Finds where values end and counts what is in them. It checks no syntax. */
class JsonScan {
  at = 0;
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #maxNodes: number;
  #depth = 0;
  #nodes = 0;

  constructor(text: string, maxDepth: number, maxNodes: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
    this.#maxNodes = maxNodes;
  }

  /** Skip the bracket that opens a list; false, and nothing is skipped, at any other value. */
  opensList(): boolean {
    const text = this.#text;
    let at = 0;
    while (at < text.length && text.charCodeAt(at) <= 0x20) at++;
    if (text.charCodeAt(at) !== OPEN_LIST) return false;
    this.at = at + 1;
    this.#depth = 1;
    return true;
  }

  /** Read to the end of the text. @throws DecodeError */
  value(): void {
    this.#nodes = 1;
    while (this.at < this.#text.length) this.#step(this.#text.charCodeAt(this.at++));
  }

  /** Read one item of the list that was opened, and what ends it: `at` is where that stands. @throws DecodeError */
  item(): { readonly at: number; readonly isLast: boolean } {
    this.#nodes = 1;
    while (this.at < this.#text.length) {
      const code = this.#text.charCodeAt(this.at++);
      if (this.#depth === 1 && (code === COMMA || code === CLOSE_LIST))
        return { at: this.at - 1, isLast: code === CLOSE_LIST };
      this.#step(code);
    }
    throw new DecodeError('not JSON');
  }

  #step(code: number): void {
    switch (code) {
      case QUOTE:
        this.#skipString();
        break;
      case OPEN_LIST:
      case OPEN_MAP:
        if (++this.#depth > this.#maxDepth) this.#fail(`nested deeper than ${this.#maxDepth}`);
        this.#count();
        break;
      case CLOSE_LIST:
      case CLOSE_MAP:
        this.#depth--;
        break;
      case COMMA:
      case COLON:
        this.#count();
        break;
    }
  }

  #skipString(): void {
    const text = this.#text;
    let at = this.at;
    for (let code = text.charCodeAt(at); at < text.length && code !== QUOTE; code = text.charCodeAt(at))
      at += code === BACKSLASH ? 2 : 1;
    this.at = at + 1;
  }

  #count(): void {
    if (++this.#nodes > this.#maxNodes) this.#fail(`more than ${this.#maxNodes} values`);
  }

  #fail(what: string): never {
    throw new DecodeError(`JSON, character ${this.at - 1}: ${what}`);
  }
}
