/** How a token travels to a hub. */

/** What stands before the base64url of a token in a subprotocol, which is never echoed: browsers set no header on a WebSocket. */
export const TOKEN_SUBPROTOCOL = 'auralis.token.';

/** What a token may be made of, so that a header can carry it. */
export const TOKEN = /^[\x21-\x7e]+$/;

/** The header that brings a token; none without one. */
export function bearer(token: string | null | undefined): Record<string, string> {
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** Advice for the user of a command if a hub asks for a token. */
export const TOKEN_ADVICE = 'set AURALIS_TOKEN, or give --token';
