/** How a token travels to a hub. */

/** Prefix of a token's base64url in a subprotocol, which is never echoed. Browsers set no header on a WebSocket. */
export const TOKEN_SUBPROTOCOL = 'auralis.token.';

/** Characters of a token, so that a header can carry it. */
export const TOKEN = /^[\x21-\x7e]+$/;

/** The header that brings a token; none without one. */
export function bearer(token: string | null | undefined): Record<string, string> {
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** Advice for the user of a command if a hub asks for a token. */
export const TOKEN_ADVICE = 'set AURALIS_TOKEN, or give --token';
