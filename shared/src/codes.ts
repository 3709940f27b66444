/** Close codes, error codes and opcodes: one table each. */

/** Opcodes of the live protocol, the first element of every message. 6 to 9 are kept for replay. */
export const OP = {
  SUBSCRIBE: 1,
  UNSUBSCRIBE: 2,
  RESYNC: 3,
  PING: 4,
  ACK: 5,
  WELCOME: 16,
  SUBSCRIBED: 17,
  SNAPSHOT: 18,
  DELTA: 19,
  ERROR: 20,
  PONG: 21,
  GONE: 22,
  BEHIND: 23,
} as const;

/** WebSocket close codes of our own. 4000–4099: connect again; 4100–4199: do not, it would end the same way. */
export const CLOSE = {
  DRAIN: 4000,
  OVERLOAD: 4001,
  STALLED: 4002,
  ACCESS_ENDED: 4003,
  BAD_MESSAGE: 4100,
  NOT_ALLOWED: 4101,
  UNKNOWN_STREAM: 4102,
  TOO_MANY_REFUSALS: 4103,
  STREAM_HAS_ENGINE: 4104,
  REMOVED: 4105,
} as const;

/**
 * Whether a client should connect again after this close code. 1006 too: a close frame can be lost behind a full
 * socket.
 */
export function mayReconnect(closeCode: number): boolean {
  return closeCode < 4100 || closeCode > 4199;
}

/** Codes of ERROR in the live protocol and of `{"type":"error"}` on the other sockets. */
export type ErrorCode =
  /** Not readable as MessagePack or JSON, or not the shape of any known message. */
  | 'bad_message'
  /** A known field of a wrong type or out of any possible range. */
  | 'bad_value'
  /** More messages a second than the limit. */
  | 'too_fast'
  | 'unknown_topic'
  | 'unknown_column'
  | 'bad_interval'
  | 'bad_view'
  | 'unknown_subscription'
  | 'subscription_in_use'
  | 'too_many_subscriptions'
  | 'too_many_channels'
  | 'too_many_streams'
  /** Its address or token holds its share of the places of this kind. */
  | 'over_share'
  /** As many connections are reported as may be. */
  | 'too_many_connections'
  /** `connection_closed` of a connection that is not open. */
  | 'unknown_connection';
