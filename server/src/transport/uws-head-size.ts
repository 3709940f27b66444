import { MAX_HEAD_BYTES } from '@auralis/shared';

// uWebSockets reads this once, when its binary loads, so whoever loads it imports this module before. Its own default
// is 4 KB.
process.env.UWS_HTTP_MAX_HEADERS_SIZE ??= String(MAX_HEAD_BYTES);
