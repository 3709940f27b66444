import {
  BODY_TIMEOUT_MS,
  MAX_BODIES_BYTES,
  MAX_BODIES_BYTES_PER_ADDRESS,
  MAX_BODY_BYTES,
  MAX_BODY_PIECES,
  MAX_UNREAD_BYTES,
  MAX_UNREAD_BYTES_PER_ADDRESS,
  MIN_READ_BYTES_PER_S,
  UNREAD_GRACE_MS,
} from '@auralis/shared';

/** Bounds of one request body. */
export interface BodyLimits {
  readonly maxBodyBytes: number;
  readonly maxBodyPieces: number;
  readonly bodyTimeoutMs: number;
}

/** Bounds of plain HTTP. */
export interface HttpLimits extends BodyLimits {
  readonly maxBodiesBytes: number;
  readonly maxBodiesBytesPerAddress: number;
  readonly maxUnreadBytes: number;
  readonly maxUnreadBytesPerAddress: number;
  readonly unreadGraceMs: number;
  readonly minReadBytesPerS: number;
}

export const HTTP_LIMITS: HttpLimits = {
  maxBodyBytes: MAX_BODY_BYTES,
  maxBodyPieces: MAX_BODY_PIECES,
  bodyTimeoutMs: BODY_TIMEOUT_MS,
  maxBodiesBytes: MAX_BODIES_BYTES,
  maxBodiesBytesPerAddress: MAX_BODIES_BYTES_PER_ADDRESS,
  maxUnreadBytes: MAX_UNREAD_BYTES,
  maxUnreadBytesPerAddress: MAX_UNREAD_BYTES_PER_ADDRESS,
  unreadGraceMs: UNREAD_GRACE_MS,
  minReadBytesPerS: MIN_READ_BYTES_PER_S,
};
