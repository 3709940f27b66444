import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { grafanaDashboard } from './dashboard.js';
import { allMetrics, specifiedMetrics } from './metrics-table.js';
import { prometheusRules } from './prometheus-rules.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** A file that is generated, in all or between two markers. */
export interface Output {
  /** From the root of the checkout. */
  readonly path: string;
  /** All of the file, as it should be. */
  readonly text: () => string;
}

const README_BEGIN = '<!-- generate:metrics:begin -->';
const README_END = '<!-- generate:metrics:end -->';

export const OUTPUTS: readonly Output[] = [
  { path: 'deploy/prometheus-rules.yml', text: prometheusRules },
  { path: 'deploy/grafana-dashboard.json', text: grafanaDashboard },
  { path: 'docs/metrics.md', text: allMetrics },
  { path: 'README.md', text: () => withSection(committed('README.md'), specifiedMetrics()) },
];

export const pathOf = (path: string) => ROOT + path;
export const committed = (path: string) => readFileSync(pathOf(path), 'utf8');

function withSection(text: string, section: string): string {
  const [from, to] = [text.indexOf(README_BEGIN), text.indexOf(README_END)];
  if (from < 0 || to < from) throw new Error(`README.md lacks the lines ${README_BEGIN} and ${README_END}`);
  return `${text.slice(0, from)}${README_BEGIN}\n\n${section}\n\n${text.slice(to)}`;
}
