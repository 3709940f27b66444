import { relative } from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from '../harness/hub.js';
import { expressionsIn, type FoundExpression, sourceFiles } from '../harness/regular-expressions.js';

const FOLDERS = ['shared/src', 'server/src', 'server/bin', 'client/src', 'client/dashboard', 'client/listen'];

const shown = ({ file, line, text }: FoundExpression) => `${relative(ROOT, file)}:${line} ${text ?? 'RegExp(…)'}`;

test('no regular expression takes more than linear time, and none is made at run time', () => {
  const found = FOLDERS.flatMap((folder) => sourceFiles(`${ROOT}${folder}`)).flatMap((file) => expressionsIn(file));
  expect(found.length).toBeGreaterThan(50);
  expect(found.filter(({ text, isSuperLinear }) => text === null || isSuperLinear).map(shown)).toEqual([]);
});

test.each(['cml-cmcd', 'cml-structured-field-values', 'cml-utils'])(
  'nor does %s, which reads CMCD of anybody',
  (name) => {
    const found = expressionsIn(`${ROOT}server/node_modules/@svta/${name}/dist/index.js`);
    expect(found.filter(({ text, isSuperLinear }) => text === null || isSuperLinear).map(shown)).toEqual([]);
  },
);

test.each([
  ['cubic in spaces', String.raw`/^\s*(\w+)\s*(<=|>=|!=|==?|<|>|\bcontains\b)\s*(.*?)\s*$/`],
  ['quadratic in line ends', String.raw`/[\r\n]+$/`],
  ['quadratic over lines', String.raw`/^(\s*)([#-])/gm`],
  ['exponential', '/^(a+)+$/'],
])('an expression that is %s is found', (_, text) => {
  const [found] = expressionsIn('example.ts', `const found = ${text}.exec(given) as string[];`);
  expect(found).toMatchObject({ line: 1, text, isSuperLinear: true });
});

test('an expression that is made at run time is found, and a division is none', () => {
  const source = 'const a = b / c / d;\nconst made = new RegExp(given);';
  expect(expressionsIn('example.tsx', source)).toMatchObject([{ line: 2, text: null }]);
});
