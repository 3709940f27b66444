import { ask } from './http.js';
import type { HubProcess } from './hub.js';

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
