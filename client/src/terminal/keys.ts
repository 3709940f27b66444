/** Turns the bytes that a terminal sends into keys, and keys into commands. No I/O, no timers. */

export type KeyName =
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'page-up'
  | 'page-down'
  | 'home'
  | 'end'
  | 'escape'
  | 'enter'
  | 'backspace'
  | 'control'
  | 'text';

/**
 * `text` is the character of a 'text' key, or the letter of a 'control' key (`c` for Ctrl-C). It is '' for all
 * others.
 */
export interface Key {
  readonly name: KeyName;
  readonly text: string;
}

export type Command =
  | { readonly do: 'sort'; readonly by: 1 | -1 }
  | { readonly do: 'scroll'; readonly by: 'line' | 'page' | 'all'; readonly down: boolean }
  | { readonly do: 'reverse' | 'next-stream' | 'toggle-closed' | 'toggle-help' }
  | { readonly do: 'start-filter' | 'end-filter' | 'clear-filter' | 'erase' | 'erase-all' }
  | { readonly do: 'type'; readonly text: string }
  | { readonly do: 'redraw' | 'suspend' | 'quit' };

const ESCAPE = '\x1b';
/** The last bytes of CSI and SS3 sequences: cursor keys in both modes of a terminal. */
const BY_LETTER: Readonly<Record<string, KeyName>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
};
/** The first parameter of CSI … ~, as xterm, rxvt and the Linux console send it. */
const BY_NUMBER: Readonly<Record<string, KeyName>> = {
  1: 'home',
  4: 'end',
  5: 'page-up',
  6: 'page-down',
  7: 'home',
  8: 'end',
};

/** The part after ESC: CSI with its parameters and last byte, or SS3. */
const SEQUENCE = /^(?:\[([0-?]*)[ -/]*([@-~])|O([ -~]))/;
/**
 * An unfinished sequence that the next bytes may complete. A lone ESC is one too: only time tells whether it was the
 * Escape key.
 */
const INCOMPLETE = /^(?:\[[0-?]*[ -/]*|O)?$/;

/**
 * Reads all keys in `input`. `rest` is the start of an unfinished sequence. Put it before the next input, or give it
 * to `flush`.
 */
export function readKeys(input: string): { readonly keys: readonly Key[]; readonly rest: string } {
  const keys: Key[] = [];
  let at = 0;
  while (at < input.length) {
    const here = input.slice(at);
    const behind = here.startsWith(ESCAPE) ? here.slice(ESCAPE.length) : null;
    if (behind !== null && INCOMPLETE.test(behind)) return { keys, rest: here };
    const sequence = behind === null ? null : SEQUENCE.exec(behind);
    if (sequence !== null) {
      const name = sequenceKey(sequence);
      if (name !== undefined) keys.push({ name, text: '' });
      at += ESCAPE.length + sequence[0].length;
      continue;
    }
    const character = String.fromCodePoint(here.codePointAt(0) as number);
    keys.push(plainKey(character));
    at += character.length;
  }
  return { keys, rest: '' };
}

/** Reads `rest` when no more bytes came: it is the Escape key, or nothing. */
export function flush(rest: string): readonly Key[] {
  return rest === ESCAPE ? [{ name: 'escape', text: '' }] : [];
}

function sequenceKey([, parameters, end, ss3]: RegExpExecArray): KeyName | undefined {
  if (ss3 !== undefined) return BY_LETTER[ss3];
  if (end === '~') return BY_NUMBER[(parameters ?? '').split(';')[0] ?? ''];
  return BY_LETTER[end ?? ''];
}

function plainKey(character: string): Key {
  if (character === ESCAPE) return { name: 'escape', text: '' };
  if (character === '\r' || character === '\n') return { name: 'enter', text: '' };
  if (character === '\x7f' || character === '\b') return { name: 'backspace', text: '' };
  if (character < ' ') return { name: 'control', text: String.fromCharCode(character.charCodeAt(0) + 96) };
  return { name: 'text', text: character };
}

const CONTROL_COMMANDS: Readonly<Record<string, Command>> = {
  c: { do: 'quit' },
  z: { do: 'suspend' },
  l: { do: 'redraw' },
  u: { do: 'erase-all' },
};

const KEY_COMMANDS: Readonly<Partial<Record<KeyName, Command>>> = {
  left: { do: 'sort', by: -1 },
  right: { do: 'sort', by: 1 },
  up: { do: 'scroll', by: 'line', down: false },
  down: { do: 'scroll', by: 'line', down: true },
  'page-up': { do: 'scroll', by: 'page', down: false },
  'page-down': { do: 'scroll', by: 'page', down: true },
  home: { do: 'scroll', by: 'all', down: false },
  end: { do: 'scroll', by: 'all', down: true },
  escape: { do: 'clear-filter' },
};

const LETTER_COMMANDS: Readonly<Record<string, Command>> = {
  '<': { do: 'sort', by: -1 },
  '>': { do: 'sort', by: 1 },
  k: { do: 'scroll', by: 'line', down: false },
  j: { do: 'scroll', by: 'line', down: true },
  ' ': { do: 'scroll', by: 'page', down: true },
  r: { do: 'reverse' },
  s: { do: 'next-stream' },
  c: { do: 'toggle-closed' },
  '/': { do: 'start-filter' },
  '?': { do: 'toggle-help' },
  h: { do: 'toggle-help' },
  q: { do: 'quit' },
};

/** The meaning of a key, or null. While the filter is being typed (`typing`), letters are text. */
export function commandOf(key: Key, typing: boolean): Command | null {
  if (key.name === 'control') return CONTROL_COMMANDS[key.text] ?? null;
  if (!typing) return (key.name === 'text' ? LETTER_COMMANDS[key.text] : KEY_COMMANDS[key.name]) ?? null;
  switch (key.name) {
    case 'text':
      return { do: 'type', text: key.text };
    case 'backspace':
      return { do: 'erase' };
    case 'enter':
      return { do: 'end-filter' };
    default:
      return KEY_COMMANDS[key.name] ?? null;
  }
}
