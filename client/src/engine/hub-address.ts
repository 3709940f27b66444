import { STREAM_NAME } from '@auralis/shared/limits';
import { bearer, TOKEN } from '@auralis/shared/token';

const DEFAULT_URL = 'http://127.0.0.1:8000';
const DEFAULT_STREAM = 'main';

/** The hub that records go to, and their stream. */
export interface HubAddress {
  readonly base: string;
  readonly stream: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Variables of the environment that cannot be used, so that nothing is sent; null if all can. */
  readonly problem: string | null;
}

/** Options of a program; each wins over its variable. */
interface Given {
  readonly url?: string;
  readonly stream?: string;
  readonly token?: string;
}

const isHttp = (url: string) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
const isToken = (token: string) => token === '' || TOKEN.test(token);

/**
 * Address of a hub from options, or from AURALIS_HUB_URL, AURALIS_STREAM and AURALIS_TOKEN. A wrong option is a
 * mistake in a program and throws. A wrong variable must not end an engine that makes music: it becomes `problem`.
 * @throws TypeError for an option that cannot be used
 */
export function hubAddress(given: Given, env: Readonly<Record<string, string | undefined>>): HubAddress {
  const url = given.url ?? (env.AURALIS_HUB_URL || DEFAULT_URL);
  const stream = given.stream ?? (env.AURALIS_STREAM || DEFAULT_STREAM);
  const token = (given.token ?? env.AURALIS_TOKEN ?? '').trim();
  const wrong = [
    !isHttp(url) && { name: 'url', variable: 'AURALIS_HUB_URL', why: `a URL like ${DEFAULT_URL}, not "${url}"` },
    !STREAM_NAME.test(stream) && {
      name: 'stream',
      variable: 'AURALIS_STREAM',
      why: `1 to 64 of A–Z a–z 0–9 . _ -, not "${stream}"`,
    },
    !isToken(token) && { name: 'token', variable: 'AURALIS_TOKEN', why: 'a token is of visible ASCII characters' },
  ].filter((found) => found !== false);
  const mistake = wrong.find(({ name }) => given[name as keyof Given] !== undefined);
  if (mistake !== undefined) throw new TypeError(`${mistake.name}: ${mistake.why}`);
  if (wrong.length > 0) {
    const problem = wrong.map(({ variable, why }) => `${variable}: ${why}`).join('; ');
    return { base: DEFAULT_URL, stream, headers: {}, problem };
  }
  const headers = { 'content-type': 'application/json', ...bearer(token) };
  return { base: new URL(url).href.replace(/\/$/, ''), stream, headers, problem: null };
}
