import { createHash, randomBytes } from 'node:crypto';
import { TOKEN_SUBPROTOCOL } from '@auralis/shared';
import { offeredProtocols } from '../transport/subprotocols.js';

/** 256 bits: nobody guesses them, so a fast hash keeps them, and no guess need be counted. */
const TOKEN_BYTES = 32;

/** Create a token. Its prefix lets scanners for leaked secrets find it. */
export function newToken(): string {
  return `auralis_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
}

/** SHA-256 of a token: what the auth file has instead of it. */
export function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/**
 * The token of a request, or null: from `Authorization: Bearer …` or, as browsers set no header on a WebSocket, from
 * the subprotocol `auralis.token.<base64url>`. Another scheme is somebody else's: a proxy's, say.
 */
export function tokenOf(header: (name: string) => string | null | undefined): string | null {
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(header('authorization') ?? '') ?? [];
  if (bearer !== undefined) return bearer;
  const offered = offeredProtocols(header('sec-websocket-protocol')).find((name) => name.startsWith(TOKEN_SUBPROTOCOL));
  return offered === undefined ? null : Buffer.from(offered.slice(TOKEN_SUBPROTOCOL.length), 'base64url').toString();
}
