import { neutral, neutralLines, show } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OBEYED, STRANGE, WRITTEN_OUT } from '../../harness/strangers-text.js';

describe('a stranger’s text', () => {
  test('shows what would be obeyed, and is otherwise as it was', () => {
    expect(neutral(STRANGE)).toBe(WRITTEN_OUT);
    expect(neutral('a\r\nb')).toBe('a\\u000d\\nb');
    expect(neutral('Ünï 世界 שלום 👩‍🚀')).toBe('Ünï 世界 שלום 👩‍🚀');
    expect(neutralLines('a\u202e\nb')).toBe('a\\u202e\nb');
  });

  test('of any kind tells a terminal nothing, and twice is as once', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = neutral(text);
        expect(shown).not.toMatch(OBEYED);
        expect(shown).not.toContain('\n');
        expect(neutral(shown)).toBe(shown);
      }),
    );
  });

  test('that is JSON stays the same JSON', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), (value) => {
        const json = JSON.stringify(value);
        expect(JSON.parse(neutral(json))).toEqual(JSON.parse(json));
      }),
    );
  });

  test('in an error message is neutral, too', () => {
    expect(show('\u009b\u202e')).toBe('"\\u009b\\u202e"');
  });
});
