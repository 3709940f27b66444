/**
 * Characters that do something instead of being seen: controls of both sets, ends of lines, and those that turn the
 * direction of writing.
 */
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/**
 * Return a stranger's text with such characters written out, as `\n` or `\u202e`: for terminals, logs and messages.
 * Pages put it into `<bdi>`. Text that is JSON stays the same JSON.
 */
export function neutral(text: string): string {
  return text.replace(UNSEEN, writtenOut);
}

/** The same of a text that may have several lines. */
export function neutralLines(text: string): string {
  return text.split('\n').map(neutral).join('\n');
}

function writtenOut(character: string): string {
  if (character === '\n') return '\\n';
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
