import { type Command, commandOf, flush, readKeys } from '@auralis/client/terminal/keys';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

const names = (input: string) => readKeys(input).keys.map(({ name, text }) => (text === '' ? name : `${name}:${text}`));

describe('keys', () => {
  test.each([
    ['\x1b[A\x1b[B\x1b[C\x1b[D', ['up', 'down', 'right', 'left']],
    ['\x1bOA\x1bOD', ['up', 'left']],
    ['\x1b[1;5C', ['right']],
    ['\x1b[5~\x1b[6~', ['page-up', 'page-down']],
    ['\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[7~\x1b[8~\x1bOH', ['home', 'end', 'home', 'end', 'home', 'end', 'home']],
    ['\r\n\x7f\b', ['enter', 'enter', 'backspace', 'backspace']],
    ['\x03\x1a', ['control:c', 'control:z']],
    ['q/é😀', ['text:q', 'text:/', 'text:é', 'text:😀']],
    ['\x1b\x1b[A', ['escape', 'up']],
    ['\x1bq', ['escape', 'text:q']],
    // Keys that mean nothing here, whole: none of their bytes is a letter.
    ['\x1b[15~\x1b[200~\x1b[<0;1;2M\x1bOPx', ['text:x']],
  ])('%j', (input, expected) => {
    expect(names(input)).toEqual(expected);
    expect(readKeys(input).rest).toBe('');
  });

  test('a sequence in two parts is one key; an ESC alone is one only when nothing follows', () => {
    for (const whole of ['\x1b[A', '\x1bOA', '\x1b[5~', '\x1b[1;5C']) {
      for (let cutAt = 1; cutAt < whole.length; cutAt++) {
        const { keys, rest } = readKeys(whole.slice(0, cutAt));
        expect(keys).toEqual([]);
        expect(names(rest + whole.slice(cutAt))).toEqual(names(whole));
      }
    }
    expect(flush('\x1b')).toEqual([{ name: 'escape', text: '' }]);
    expect(flush('\x1b[5')).toEqual([]);
  });

  test('whatever comes, it is read to its end', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('\x1b', '[', 'O', '5', '~', 'A', ';', 'q', '\x03', 'ü') }),
        (input) => {
          const { keys, rest } = readKeys(input);
          expect(keys.length + rest.length).toBeLessThanOrEqual(input.length);
          expect(input.endsWith(rest)).toBe(true);
        },
      ),
    );
  });
});

describe('commands', () => {
  const commands = (input: string, typing: boolean): (Command['do'] | null)[] =>
    readKeys(input).keys.map((key) => commandOf(key, typing)?.do ?? null);

  test('of keys', () => {
    expect(commands('<>\x1b[C', false)).toEqual(['sort', 'sort', 'sort']);
    expect(commands('rs/?cq\x03\x1a\x0c', false)).toEqual([
      'reverse',
      'next-stream',
      'start-filter',
      'toggle-help',
      'toggle-closed',
      'quit',
      'quit',
      'suspend',
      'redraw',
    ]);
    expect(commands('x\r', false)).toEqual([null, null]);
  });

  test('while the filter is typed letters are text, and Ctrl-C still quits', () => {
    expect(commands('q?\x7f\x15\r\x03', true)).toEqual(['type', 'type', 'erase', 'erase-all', 'end-filter', 'quit']);
    expect(commands('\x1b[6~', true)).toEqual(['scroll']);
    expect(commandOf({ name: 'escape', text: '' }, true)).toEqual({ do: 'clear-filter' });
  });
});
