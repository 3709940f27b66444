/** Values of the style sheet for drawings on canvas: colours, the size of a `rem`, and when they change. */
export interface Theme {
  readonly rem: number;
  /** A telephone: a table shows only its first columns without being pushed aside. */
  readonly narrow: boolean;
  readonly font: string;
  readonly ink: string;
  readonly dim: string;
  readonly line: string;
  readonly accent: string;
  readonly second: string;
  readonly alert: string;
  readonly band: string;
  /** Counts up when anything of it, or the density of pixels, has changed. */
  readonly version: number;
}

let current: Theme | null = null;
let version = 0;

export function theme(): Theme {
  if (current === null) {
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
    current = {
      narrow: matchMedia('(max-width: 40rem)').matches,
      rem: Number.parseFloat(style.fontSize),
      font: style.fontFamily,
      ink: colour('ink'),
      dim: colour('dim'),
      line: colour('line'),
      accent: colour('accent'),
      second: colour('second'),
      alert: colour('alert'),
      band: colour('band'),
      version: ++version,
    };
  }
  return current;
}

/** Calls back when what is drawn must be drawn anew. */
export function onThemeChange(changed: () => void): void {
  const forget = () => {
    current = null;
    changed();
  };
  for (const query of ['(prefers-color-scheme: dark)', '(prefers-contrast: more)']) {
    matchMedia(query).addEventListener('change', forget);
  }
  // A resize may change the size of a rem, and a move to another screen the density of pixels.
  window.addEventListener('resize', forget);
}
