import { lexer, type Token, type Tokens } from 'marked';
import type { Block } from './sentences.js';

/** Return paragraphs, headings and list items of a Markdown file. Tables, code and HTML are left out. */
export function proseIn(source: string): Block[] {
  const blocks: Block[] = [];
  let line = 1;
  for (const token of lexer(source)) {
    collect(token, line, blocks);
    line += newlines(token.raw);
  }
  return blocks;
}

function collect(token: Token, line: number, blocks: Block[]): void {
  switch (token.type) {
    case 'paragraph':
    case 'text':
      blocks.push({ line, text: token.raw });
      break;
    case 'blockquote':
      walk((token as Tokens.Blockquote).tokens, line, blocks);
      break;
    case 'list': {
      let at = line;
      for (const item of (token as Tokens.List).items) {
        walk(item.tokens, at, blocks);
        at += newlines(item.raw);
      }
      break;
    }
  }
}

function walk(tokens: readonly Token[], line: number, blocks: Block[]): void {
  let at = line;
  for (const token of tokens) {
    collect(token, at, blocks);
    at += newlines(token.raw);
  }
}

const newlines = (text: string) => text.split('\n').length - 1;
