import { get as getPlain } from 'node:http';
import { get as getByTls } from 'node:https';
import type { HubOptions } from '../hub/options.js';
import { takeExclusively } from '../transport/listen-error.js';
import { ListenError } from '../transport/transport.js';

const ANSWER_MS = 2_000;

/** Whether a hub could listen at its address now: what was looked at, and what is wrong with it or null. */
export async function examinePort({ host, port }: HubOptions): Promise<[what: string, wrong: string | null]> {
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const what = `address ${place}`;
  try {
    await takeExclusively(host, port, () => {});
    return [what, null];
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    // The hub that runs there may have other settings than these.
    const isHub = (await isHubAt(`http://${place}/healthz`)) || (await isHubAt(`https://${place}/healthz`));
    return [what, isHub ? `${error.message}: a hub runs there already` : error.message];
  }
}

function isHubAt(url: string): Promise<boolean> {
  // Nothing secret is sent, and the address need not be a name of the certificate.
  const options = { rejectUnauthorized: false, signal: AbortSignal.timeout(ANSWER_MS) };
  const get = url.startsWith('https:') ? getByTls : getPlain;
  return new Promise((resolve) => {
    const asked = get(url, options, async (response) => {
      try {
        let body = '';
        for await (const piece of response) body += piece;
        resolve(typeof (JSON.parse(body) as { status?: unknown }).status === 'string');
      } catch {
        resolve(false);
      }
    });
    asked.on('error', () => resolve(false));
  });
}
