import { withoutTrailingSlashes } from '@auralis/shared';

/**
 * The http or https URL of a hub, made from an http, https, ws or wss URL.
 * @throws TypeError for any other URL
 */
export function hubUrl(text: string): string {
  const url = new URL(text);
  if (!['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol)) throw new TypeError(`${url.protocol} is no hub's`);
  return `${url.protocol.replace('ws', 'http')}${text.slice(url.protocol.length)}`;
}

/** The URL of the live protocol, made from the hub's http or https `url`. */
export function liveUrl(url: string): URL {
  const live = new URL(url.replace(/^http/i, 'ws'));
  live.pathname = `${withoutTrailingSlashes(live.pathname)}/api/v1/live`;
  live.search = live.hash = '';
  return live;
}
