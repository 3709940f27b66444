/** A paragraph, list item or comment, with the line on which it begins. */
export interface Block {
  readonly line: number;
  readonly text: string;
}

export interface Sentence {
  readonly text: string;
  readonly words: number;
}

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });
const words = new Intl.Segmenter('en', { granularity: 'word' });
const ABBREVIATION = /\b(e\.g|i\.e|vs|etc|cf|No|Fig|approx)\.\s*$/;

/** Return the sentences of a block. Inline code, links and addresses count as one word each. */
export function sentencesOf(text: string): Sentence[] {
  const plain = text
    .replace(/`[^`]*`/g, 'Code')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\{@link\s+[^}]*\}/g, 'Link')
    .replace(/https?:\/\/\S+/g, 'Link')
    .replace(/[*_]{1,2}(\S[^*_]*)[*_]{1,2}/g, '$1')
    .replace(/\s+/g, ' ')
    .trim();
  const parts: string[] = [];
  for (const { segment } of sentences.segment(plain)) {
    const before = parts.at(-1);
    if (before !== undefined && (ABBREVIATION.test(before) || /^[a-z]/.test(segment)))
      parts[parts.length - 1] += segment;
    else parts.push(segment);
  }
  return parts.map((part) => ({ text: part.trim(), words: countWords(part) })).filter((part) => part.words > 0);
}

function countWords(text: string): number {
  let count = 0;
  for (const { isWordLike } of words.segment(text)) if (isWordLike) count++;
  return count;
}
