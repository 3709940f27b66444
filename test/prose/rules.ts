import type { Block } from './sentences.js';
import { sentencesOf } from './sentences.js';

export type Kind = 'long' | 'headless' | 'banned' | 'wide';

export interface Finding {
  readonly line: number;
  readonly kind: Kind;
  readonly message: string;
}

export interface Limits {
  /** Words that a sentence may have. */
  readonly words: number;
}

export const DOCS: Limits = { words: 25 };
export const COMMENTS: Limits = { words: 30 };
/** Median of a sentence in documents, words. */
export const DOCS_MEDIAN = 14;
/** Headless openings that the whole tree may have. */
export const ALLOWED_HEADLESS = 15;
/** Columns that a line may have. Tables, links and generated files may have more. */
export const MAX_COLUMNS = 120;

/** A clause in place of a subject: the reader must hold it until the verb comes. Questions are no findings. */
const HEADLESS =
  /^(?:By (?:key|name|place|slot|how much|plain)|What|Who|Whoever|Whatever|Whichever|Which|Whose|Of|One that|Those (?:who|that)|That (?!(?:is|was|has|way|makes|leaves|gives|holds|keeps|means|costs|takes|would|can|may)\b))\b[^?]*$/;

/** Words of the glossary that are to be avoided, with the word to use. */
const BANNED: readonly (readonly [RegExp, string])[] = [
  [/\b(?:fares?|faring|unwell|off[- ]target)\b/i, 'status: ok, warning, critical, unknown'],
  [/\bstands? still\b|\bstood still\b|\bcomes? late to (?:its|their) work\b/i, 'event-loop delay, or: is blocked'],
  [/\bin (?:its|their) own words\b|\bits word\b|\bwords and deeds\b/i, 'trust, or: what it reports'],
  [/\bfront door\b/i, 'access control'],
  [/\blanes?\b/i, 'delivery queue'],
  [/\bdesk\b/i, 'external connections'],
  [/\bhence\b|\bwhence\b|\bthereof\b|\bthereby\b|\bas it were\b/i, 'plain words'],
  [/\bbe it\b|\bso be it\b|\bfor ever\b/i, 'plain words'],
];

/** Check prose. Return what a reader would stumble over, and the number of words of each sentence. */
export function checkProse(blocks: readonly Block[], limits: Limits): { findings: Finding[]; lengths: number[] } {
  const findings: Finding[] = [];
  const lengths: number[] = [];
  for (const { line, text } of blocks) {
    for (const { text: sentence, words } of sentencesOf(text)) {
      lengths.push(words);
      const begin = sentence.length > 60 ? `${sentence.slice(0, 60)}…` : sentence;
      if (words > limits.words)
        findings.push({ line, kind: 'long', message: `${words} words, ${limits.words} allowed: "${begin}"` });
      if (HEADLESS.test(sentence)) findings.push({ line, kind: 'headless', message: `name the subject: "${begin}"` });
      for (const [word, instead] of BANNED) {
        const found = word.exec(sentence);
        if (found !== null)
          findings.push({ line, kind: 'banned', message: `"${found[0]}"; use ${instead}: "${begin}"` });
      }
    }
  }
  return { findings, lengths };
}

/** Check the width of lines. Tables, addresses and blocks of code are exempt: their lines cannot be broken. */
export function checkWidth(source: string): Finding[] {
  let inCode = false;
  return source.split('\n').flatMap((text, at) => {
    if (/^\s*```/.test(text)) inCode = !inCode;
    const isExempt = inCode || /^\s*\|/.test(text) || /https?:\/\//.test(text);
    if (text.length <= MAX_COLUMNS || isExempt) return [];
    return [{ line: at + 1, kind: 'wide' as const, message: `${text.length} columns, ${MAX_COLUMNS} allowed` }];
  });
}
