import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configSchema } from '@auralis/server/hub/config-schema';
import { grafanaDashboard } from './dashboard.js';
import { allMetrics, specifiedMetrics } from './metrics-table.js';
import { prometheusRules } from './prometheus-rules.js';
import { sdkReference } from './sdk-reference.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** A file that is generated, in all or between two markers. */
export interface Output {
  /** From the root of the checkout. */
  readonly path: string;
  /** All of the file, as it should be. */
  readonly text: () => string;
}

export const OUTPUTS: readonly Output[] = [
  { path: 'deploy/prometheus-rules.yml', text: prometheusRules },
  { path: 'deploy/grafana-dashboard.json', text: grafanaDashboard },
  { path: 'deploy/hub.schema.json', text: () => `${JSON.stringify(configSchema(), null, 1)}\n` },
  { path: 'docs/metrics.md', text: allMetrics },
  { path: 'README.md', text: () => withSection('README.md', 'metrics', specifiedMetrics()) },
  { path: 'docs/sdk.md', text: () => withSection('docs/sdk.md', 'reference', sdkReference()) },
];

export const pathOf = (path: string) => ROOT + path;
export const committed = (path: string) => readFileSync(pathOf(path), 'utf8');

/** Return the text of a file with `section` between its two markers. */
function withSection(path: string, name: string, section: string): string {
  const text = committed(path);
  const [begin, end] = [`<!-- generate:${name}:begin -->`, `<!-- generate:${name}:end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${path} lacks the lines ${begin} and ${end}`);
  return `${text.slice(0, from)}${begin}\n\n${section}\n\n${text.slice(to)}`;
}
