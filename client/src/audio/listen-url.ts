import { CLIENT_ID, STREAM_NAME } from '@auralis/shared/limits';
import { socketUrl } from '../connection.js';

const NAME = '1 to 64 of A–Z a–z 0–9 . _ -';
/** The stream's place in a path; a server of one's own may have other paths, which nobody can check here. */
const STREAM_IN_PATH = /\/streams\/([^/]*)\/listen$/;

/**
 * The address to listen at, with `client` unless the URL names one. The hub refuses wrong names before there is a
 * socket, which a page cannot tell from a hub that is away; so they are checked here.
 * @throws TypeError if `url` is no URL, or if the stream or the client has a name that the hub refuses for good
 */
export function listenUrl(url: string, client: string): URL {
  const address = socketUrl(url);
  if (!address.searchParams.has('client')) address.searchParams.set('client', client);
  check('client', address.searchParams.get('client') ?? '', CLIENT_ID);
  const [, stream] = STREAM_IN_PATH.exec(address.pathname) ?? [];
  if (stream !== undefined) check('stream', decodeURIComponent(stream), STREAM_NAME);
  return address;
}

function check(what: string, name: string, allowed: RegExp): void {
  if (!allowed.test(name)) throw new TypeError(`${what}: ${NAME}, not "${name.slice(0, 80)}"`);
}
