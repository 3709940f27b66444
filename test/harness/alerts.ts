import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ask } from './http.js';
import { type HubProcess, ROOT } from './hub.js';

/** Config file of a hub that tells nothing of the machine it is on, for tests that count its alerts. */
export const NO_HOST_RULES = `${ROOT}test/fixtures/no-host-rules.yaml`;
/** Content of the file, for a config that has more. */
export const noHostRules = () => parse(readFileSync(NO_HOST_RULES, 'utf8')) as { readonly alerts: object };
/** Config of a hub that raises no alert by itself. */
export const NO_RULES = `${ROOT}test/fixtures/no-rules.yaml`;

const headers = { 'content-type': 'application/json' };

/** Raises an alert by hand, whose title is `title`. */
export async function raise(hub: HubProcess, title: string): Promise<void> {
  const body = JSON.stringify({ severity: 'error', title, message: 'by hand' });
  const { status, body: text } = await ask(hub.port, '/api/v1/alerts', { method: 'POST', headers, body });
  if (status !== 201) throw new Error(`${title}: ${status} ${text}`);
}

/** Silences a rule that there is not. */
export async function silence(hub: HubProcess, rule: string): Promise<void> {
  const body = JSON.stringify({ matchers: { rule }, author: 'anna', reason: 'test', lastsS: 3600 });
  const { status, body: text } = await ask(hub.port, '/api/v1/alerts/silences', { method: 'POST', headers, body });
  if (status !== 201) throw new Error(`${rule}: ${status} ${text}`);
}
