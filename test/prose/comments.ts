import { parse } from '@babel/parser';
import type { Block } from './sentences.js';

/** A line that begins a block of its own: a list item, a tag or a blank line. */
const NEW_BLOCK = /^\s*(?:[-*•]\s|\d+\.\s|@\w+)/;
/** Indented lines are formulas, pictures or code. */
const CODE = /^\s{2,}\S/;
const TAG = /^\s*@(\w+)(?:\s+\{[^}]*\})?\s*/;

/**
 * Return the blocks of prose in the comments of a TypeScript file. Line comments that follow one another are one
 * text.
 */
export function commentsIn(path: string, source: string): Block[] {
  const plugins = path.endsWith('x') ? (['typescript', 'jsx'] as const) : (['typescript'] as const);
  const { comments } = parse(source, {
    sourceType: 'module',
    errorRecovery: true,
    allowReturnOutsideFunction: true,
    plugins: [...plugins],
  });
  const blocks: Block[] = [];
  let lines: string[] = [];
  let start = 0;
  let end = Number.NaN;
  const flush = () => {
    if (lines.length > 0) blocks.push(...blocksOf(lines, start));
    lines = [];
  };
  for (const { type, value, loc } of comments ?? []) {
    const line = loc?.start.line ?? 0;
    if (/^\s*(?:biome-ignore|@ts-|#__PURE__|@__PURE__|eslint)/.test(value)) continue;
    const isLine = type === 'CommentLine';
    if (!isLine || line !== end + 1) flush();
    if (lines.length === 0) start = line;
    const texts = isLine ? [value.replace(/^ /, '')] : value.split('\n').map((text) => text.replace(/^\s*\*? ?/, ''));
    lines.push(...texts);
    end = isLine ? (loc?.end.line ?? Number.NaN) : Number.NaN;
    if (!isLine) flush();
  }
  flush();
  return blocks;
}

/** Split the lines of a text into blocks: at blank lines, list items and tags. */
function blocksOf(lines: readonly string[], start: number): Block[] {
  const blocks: { line: number; text: string }[] = [];
  let isOpen = false;
  for (const [at, line] of lines.entries()) {
    if (line.trim() === '' || CODE.test(line)) {
      isOpen = false;
      continue;
    }
    const text = line.replace(TAG, (_, tag: string) => (tag === 'throws' ? 'Throws ' : '')).replace(/^\s*[-*•]\s/, '');
    const last = blocks.at(-1);
    if (isOpen && last !== undefined && !NEW_BLOCK.test(line)) last.text += ` ${text}`;
    else blocks.push({ line: start + at, text });
    isOpen = true;
  }
  return blocks.map(({ line, text }) => ({ line, text: text.trim() })).filter(({ text }) => text !== '');
}
