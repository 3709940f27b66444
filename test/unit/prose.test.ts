import { describe, expect, test } from '@jest/globals';
import { commentsIn } from '../prose/comments.js';
import { proseIn } from '../prose/markdown.js';
import { COMMENTS, checkProse, checkWidth, DOCS } from '../prose/rules.js';
import { sentencesOf } from '../prose/sentences.js';

const kinds = (text: string) => checkProse([{ line: 1, text }], COMMENTS).findings.map(({ kind }) => kind);

describe('sentences', () => {
  test('are counted in words; code, links and addresses are one word', () => {
    const found = sentencesOf(
      'Call `a.b(c, d)` of [the hub](x/y.md#z) first. It takes 0.5 ms, e.g. here. See https://a.test/b?c.',
    );
    expect(found.map(({ words }) => words)).toEqual([6, 6, 2]);
  });

  test('do not end after an abbreviation or before a small letter', () => {
    expect(sentencesOf('It is e.g. 5 ms. Then 2.5 follow (v1. or so).')).toHaveLength(2);
  });
});

describe('findings', () => {
  test('a sentence over 30 words in a comment, over 25 in a document', () => {
    const text = `${'word '.repeat(28)}end.`;
    expect(checkProse([{ line: 3, text }], DOCS).findings).toMatchObject([{ line: 3, kind: 'long' }]);
    expect(kinds(text)).toEqual([]);
    expect(kinds(`${'word '.repeat(30)}end.`)).toEqual(['long']);
  });

  test.each([
    ['What is refused is counted.', ['headless']],
    ['Who may not is let in.', ['headless']],
    ['One that falls behind is skipped.', ['headless']],
    ['Of a rule it costs little.', ['headless']],
    ['That it is over is told.', ['headless']],
    ['That is why it stays.', []],
    ['What does it cost?', []],
    ['Refused messages are counted.', []],
    ['Return whether it is refused.', []],
    ['The listener fares well.', ['banned']],
    ['The hub stood still.', ['banned']],
  ])('%s', (text, found) => expect(kinds(text)).toEqual(found));

  test('a line over 120 columns that is no table and no link', () => {
    const long = 'x'.repeat(121);
    const source = `a\n${long}\n| ${long} |\nhttps://a.test/${long}\n\`\`\`sh\n${long}\n\`\`\`\n${long}`;
    expect(checkWidth(source)).toMatchObject([
      { line: 2, kind: 'wide' },
      { line: 8, kind: 'wide' },
    ]);
  });
});

test('comments of TypeScript are blocks: lines joined, items and tags apart, code and formulas left out', () => {
  const source = [
    '/**',
    ' * First line',
    ' * goes on.',
    ' *',
    ' *   a = b + c',
    ' *',
    ' * - an item',
    ' * @throws Refusal for more',
    ' */',
    'const text = "// no comment"; // Beside code.',
    '',
    '// One',
    '// two.',
    'const view = <p>{/* In JSX. */}</p>;',
  ].join('\n');
  expect(commentsIn('a.tsx', source)).toEqual([
    { line: 2, text: 'First line goes on.' },
    { line: 7, text: 'an item' },
    { line: 8, text: 'Throws Refusal for more' },
    { line: 10, text: 'Beside code.' },
    { line: 12, text: 'One two.' },
    { line: 14, text: 'In JSX.' },
  ]);
});

test('prose of Markdown is paragraphs and list items, without tables and code', () => {
  const source = '# Title\n\nOne\ntwo.\n\n| a | b |\n|---|---|\n| c | d |\n\n- first\n- second\n\n```js\nlet x;\n```\n';
  expect(proseIn(source).map(({ line, text }) => [line, text.trim()])).toEqual([
    [3, 'One\ntwo.'],
    [10, 'first'],
    [11, 'second'],
  ]);
});
