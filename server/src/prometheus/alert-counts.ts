import { SCHEMAS } from '@auralis/shared';
import type { Tables } from '../state/tables.js';
import { type Exposition, labelsOf } from './exposition.js';
import { OTHER } from './named-streams.js';

const { attributes, columns, index } = SCHEMAS.alerts;
const RULE = attributes.indexOf('rule');
const SEVERITY = attributes.indexOf('severity');
const STATES = columns[index.state]?.labels ?? [];

/** Rules are named by who runs the hub, so that there are few; more than this have no line each. */
const MAX_LINES = 200;

/** How many alerts there are of each rule, severity and state, and how many rows they stand for. */
export function writeAlertCounts(page: Exposition, { alerts }: Tables): void {
  const lines = new Map<string, { count: number; rows: number }>();
  for (const slot of alerts.slots()) {
    const texts = alerts.attributesOf(slot);
    const severity = texts[SEVERITY] ?? '';
    const state = STATES[alerts.get(slot, index.state)] ?? '';
    let labels = labelsOf({ rule: texts[RULE] ?? '', severity, state });
    if (!lines.has(labels) && lines.size >= MAX_LINES) labels = labelsOf({ rule: OTHER, severity, state });
    const line = lines.get(labels) ?? { count: 0, rows: 0 };
    lines.set(labels, line);
    line.count++;
    line.rows += alerts.get(slot, index.count) || 0;
  }
  page.family({ name: 'auralis_alerts', type: 'gauge', unit: null, help: 'Alerts by rule, severity and state' });
  for (const [labels, { count }] of lines) page.sample(labels, count);
  const help = 'Rows that the alerts of a rule, severity and state stand for';
  page.family({ name: 'auralis_alert_rows', type: 'gauge', unit: null, help });
  for (const [labels, { rows }] of lines) page.sample(labels, rows);
}
