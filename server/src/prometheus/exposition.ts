import type { Family } from './naming.js';

/** Forms of the page: Prometheus' own text, version 0.0.4, and OpenMetrics 1.0. */
export type Form = 'text' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<Form, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** Writes families and their samples, in either form. Missing readings (NaN) have no sample. */
export class Exposition {
  readonly #form: Form;
  #text = '';
  #sampleName = '';

  constructor(form: Form) {
    this.#form = form;
  }

  /** A family begins; what follows belongs to it. */
  family({ name, type, unit, help }: Family): void {
    const isOpen = this.#form === 'openmetrics';
    this.#sampleName = type === 'counter' ? `${name}_total` : name;
    // OpenMetrics names a counter without its ending.
    const named = isOpen ? name : this.#sampleName;
    this.#text += `# HELP ${named} ${escapeHelp(help)}\n# TYPE ${named} ${type}\n`;
    if (isOpen && unit !== null) this.#text += `# UNIT ${named} ${unit}\n`;
  }

  /** `labels` as `labelsOf` gives them; '' for none. */
  sample(labels: string, value: number): void {
    if (value !== value) return;
    this.#text += labels === '' ? `${this.#sampleName} ${value}\n` : `${this.#sampleName}{${labels}} ${value}\n`;
  }

  /** `counts`: one for each of `bounds`, not cumulative, and one more for what lies above all of them. */
  histogram(labels: string, bounds: readonly number[], counts: Float64Array, sum: number): void {
    const separator = labels === '' ? '' : ',';
    let cumulative = 0;
    for (const [at, count] of counts.entries()) {
      cumulative += count;
      const bound = bounds[at];
      const le = bound === undefined ? '+Inf' : decimal(bound);
      this.#text += `${this.#sampleName}_bucket{${labels}${separator}le="${le}"} ${cumulative}\n`;
    }
    const braces = labels === '' ? '' : `{${labels}}`;
    this.#text += `${this.#sampleName}_sum${braces} ${sum}\n${this.#sampleName}_count${braces} ${cumulative}\n`;
  }

  end(): string {
    return this.#form === 'openmetrics' ? `${this.#text}# EOF\n` : this.#text;
  }
}

/** `name="value"` for each, escaped. */
export function labelsOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(',');
}

function escapeLabel(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}

/** Quotes are escaped in OpenMetrics alone; no help of ours has any, which a test holds. */
function escapeHelp(text: string): string {
  return text.replace(/[\\\n]/g, (character) => (character === '\n' ? '\\n' : '\\\\'));
}

/** OpenMetrics writes 1 as 1.0; a label must not differ between the forms. */
function decimal(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}
