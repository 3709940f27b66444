/** Text in a terminal's cells, and its styles. No I/O. */

export type Style = 'alert' | 'off-target' | 'good' | 'dim' | 'bold' | 'bar';

/** A piece of a line. */
export interface Span {
  readonly text: string;
  readonly style?: Style | undefined;
}

export type Line = readonly Span[];

const RESET = '\x1b[0m';
const COLOUR: Readonly<Record<Style, string>> = {
  alert: '\x1b[1;31m',
  'off-target': '\x1b[33m',
  good: '\x1b[32m',
  dim: '\x1b[2m',
  bold: '\x1b[1m',
  bar: '\x1b[7m',
};
/** NO_COLOR asks for no colour. Weight and inversion are not colours. */
const WITHOUT_COLOUR: Readonly<Record<Style, string>> = {
  ...COLOUR,
  alert: '\x1b[1m',
  'off-target': '',
  good: '',
};

/** A line as the terminal takes it. */
export function paint(line: Line, colour: boolean): string {
  const codes = colour ? COLOUR : WITHOUT_COLOUR;
  let painted = '';
  for (const { text, style } of line) {
    const code = style === undefined ? '' : codes[style];
    painted += code === '' || text === '' ? text : code + text + RESET;
  }
  return painted;
}

export const plain = (line: Line): string => line.map((span) => span.text).join('');

export const widthOfLine = (line: Line): number => widthOf(plain(line));

// East Asian wide and fullwidth forms, and emoji. The ranges are close enough for usual names.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const MARK = /[\p{Mn}\p{Me}\p{Cf}]/u;
const ASCII = /^[ -~]*$/;

/** The number of cells that `text` takes. */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += cellsOf(character);
  return width;
}

const cellsOf = (character: string) => (MARK.test(character) ? 0 : WIDE.test(character) ? 2 : 1);

/** `text` cut to `width` cells. A mark shows the cut. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    const cells = cellsOf(character);
    if (used + cells > width - 1) break;
    kept += character;
    used += cells;
  }
  return width < 1 ? '' : `${kept}…`;
}

/** `text` in exactly `width` cells. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const kept = cut(text, width);
  const space = ' '.repeat(Math.max(0, width - widthOf(kept)));
  return align === 'left' ? kept + space : space + kept;
}

/** A line cut to `width` cells. */
export function cutLine(line: Line, width: number): Line {
  const kept: Span[] = [];
  let left = width;
  for (const span of line) {
    const text = cut(span.text, left);
    kept.push({ ...span, text });
    left -= widthOf(text);
    if (text !== span.text) break;
  }
  return kept;
}

/** `line` with `end` at the right edge, when both fit. */
export function withEnd(line: Line, end: string, width: number): Line {
  const space = width - widthOfLine(line) - widthOf(end);
  return space < 2 || !Number.isFinite(width) ? line : [...line, { text: ' '.repeat(space) + end, style: 'dim' }];
}
