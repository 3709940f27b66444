import type { HubOptions } from '../hub/options.js';
import { takeExclusively } from '../transport/listen-error.js';
import { ListenError } from '../transport/transport.js';

const ANSWER_MS = 2_000;

/** Whether a hub could listen at its address now: what was looked at, and what is wrong with it or null. */
export async function examinePort({ host, port }: HubOptions): Promise<[what: string, wrong: string | null]> {
  const what = `address ${host.includes(':') ? `[${host}]` : host}:${port}`;
  try {
    await takeExclusively(host, port, () => {});
    return [what, null];
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    const isHub = await isHubAt(`http://${what.slice('address '.length)}/healthz`);
    return [what, isHub ? `${error.message}: a hub runs there already` : error.message];
  }
}

async function isHubAt(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    return typeof ((await response.json()) as { status?: unknown }).status === 'string';
  } catch {
    return false;
  }
}
