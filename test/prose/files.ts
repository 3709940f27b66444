import { commentsIn } from './comments.js';
import { proseIn } from './markdown.js';
import { COMMENTS, checkProse, checkWidth, DOCS, type Finding } from './rules.js';

export interface FileReport {
  readonly path: string;
  readonly findings: readonly Finding[];
  /** Words of each sentence. */
  readonly lengths: readonly number[];
}

/** Files that a program writes. */
const GENERATED = new Set(['docs/metrics.md']);

export const isGenerated = (path: string) => GENERATED.has(path);

/** Check a Markdown or TypeScript file. */
export function checkFile(path: string, source: string): FileReport {
  const isMarkdown = path.endsWith('.md');
  const blocks = isMarkdown ? proseIn(source) : commentsIn(path, source);
  const { findings, lengths } = checkProse(blocks, isMarkdown ? DOCS : COMMENTS);
  // Code has its own formatter, so only its comments can be too wide.
  const wide = checkWidth(source).filter(({ line }) => isMarkdown || isComment(source.split('\n')[line - 1] ?? ''));
  return { path, findings: [...findings, ...wide], lengths };
}

const isComment = (line: string) => /^\s*(?:\/\/|\/\*|\*)/.test(line) && !line.includes('biome-ignore');
