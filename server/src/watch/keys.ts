/** What a terminal sends, read: bytes become keys, and keys commands. No I/O, no timers. */

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

/** `text`: the character of 'text', or the letter of 'control' (`c` for Ctrl-C); '' for the others. */
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
/** Ends of CSI and SS3 sequences: cursor keys in both modes of a terminal. */
const BY_LETTER: Readonly<Record<string, KeyName>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
};
/** First parameter of CSI … ~: as xterm, rxvt and the Linux console send them. */
const BY_NUMBER: Readonly<Record<string, KeyName>> = {
  1: 'home',
  4: 'end',
  5: 'page-up',
  6: 'page-down',
  7: 'home',
  8: 'end',
};

/** Behind the ESC: CSI with its parameters and end, or SS3. */
const SEQUENCE = /^(?:\[([0-?]*)[ -/]*([@-~])|O([ -~]))/;
/** What may go on with the next bytes; a lone ESC too, of which only time tells whether it was the key. */
const INCOMPLETE = /^(?:\[[0-?]*[ -/]*|O)?$/;

/**
 * Reads all keys in `input`. `rest`: the beginning of a sequence, to be put before the next input, or read with
 * `flush`.
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

/** Nothing more came after `rest`: it was the Escape key, or nothing at all. */
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

/** What a key means, or null. `typing`: the filter is being typed, so letters are text. */
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
