import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { ROOT } from '../../harness/hub.js';

type Colours = Readonly<Record<string, string>>;

/** The colours of both themes, by name: the light one says only what is different. */
function themes(): Readonly<Record<'dark' | 'light', Colours>> {
  const css = readFileSync(`${ROOT}client/dashboard/style/tokens.css`, 'utf8');
  const [, dark = '', light = ''] = css.split(/:root \{/);
  const read = (block: string) =>
    Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, colour]) => [name, colour]));
  return { dark: read(dark), light: { ...read(dark), ...read(light) } };
}

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [lighter = 0, darker = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (lighter + 0.05) / (darker + 0.05);
}

/** `colour` in front of `behind`, as far as it is there. */
function mixed(colour: string, behind: string, opacity: number): string {
  const parts = [1, 3, 5].map((at) => {
    const part = (text: string) => Number.parseInt(text.slice(at, at + 2), 16);
    return Math.round(part(colour) * opacity + part(behind) * (1 - opacity));
  });
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

const PAIRS: readonly (readonly [text: string, surfaces: readonly string[]])[] = [
  ['ink', ['bg', 'surface', 'raised', 'select', 'alert-fill', 'warn-fill']],
  ['dim', ['bg', 'surface', 'raised', 'select', 'alert-fill', 'warn-fill']],
  ['ok', ['surface', 'raised', 'select']],
  ['warn', ['surface', 'raised', 'select', 'alert-fill', 'warn-fill']],
  ['alert', ['bg', 'surface', 'alert-fill']],
];

test.each(Object.entries(themes()))('%s: every text has 4.5:1 on every surface that it stands on', (_, colours) => {
  for (const [text, surfaces] of PAIRS) {
    for (const surface of surfaces) {
      const ratio = contrast(colours[text] as string, colours[surface] as string);
      expect({ text, surface, ratio, isEnough: ratio >= 4.5 }).toMatchObject({ isEnough: true });
    }
  }
  // A resolved alert at its faintest.
  const faint = mixed(colours.ink as string, colours.surface as string, 0.6);
  expect(contrast(faint, colours.surface as string)).toBeGreaterThanOrEqual(4.5);
});
