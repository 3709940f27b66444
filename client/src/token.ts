import { TOKEN_SUBPROTOCOL } from '@auralis/shared/token';

/** A token, or what gives it each time the client connects, so that it may be renewed meanwhile; '' is none. */
export type Token = string | (() => string);

/** Subprotocols to offer: a token's beside one that the hub answers with; it never echoes a token. */
export function protocolsWith(protocol: string, token: Token): string[] {
  const text = typeof token === 'function' ? token() : token;
  return text === '' ? [protocol] : [protocol, TOKEN_SUBPROTOCOL + base64url(text)];
}

/** Subprotocols are tokens of HTTP, which base64url is within. */
function base64url(text: string): string {
  return btoa(text).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
}
