import { framingFault } from './framing.js';
import type { RawRequest, Refusal } from './web.js';

const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Does this request ask for a WebSocket? */
export function asksForWebSocket(header: (name: string) => string): boolean {
  return header('upgrade').toLowerCase() === 'websocket';
}

/** Check a request that asks for a WebSocket: where it ends, and the opening handshake of RFC 6455, 4.2.1. */
export function checkUpgrade(raw: RawRequest, header: (name: string) => string): Refusal | null {
  return framingFault(raw) ?? checkHandshake(raw.method, header);
}

/** `header` gives '' for one that is not there. */
function checkHandshake(method: string, header: (name: string) => string): Refusal | null {
  if (method.toUpperCase() !== 'GET') return { refuse: 405, message: 'a WebSocket is opened with GET' };
  // Without it a proxy takes this for a plain request, and the bytes of the socket for more of them.
  const options = header('connection').toLowerCase().split(',');
  if (!options.some((option) => option.trim() === 'upgrade'))
    return { refuse: 400, message: 'an upgrade needs the header Connection: Upgrade' };
  if (!KEY.test(header('sec-websocket-key'))) return { refuse: 400, message: 'Sec-WebSocket-Key: 16 bytes in base64' };
  if (header('sec-websocket-version') !== '13') return { refuse: 426, message: 'Sec-WebSocket-Version: only 13' };
  return null;
}

/** Does `path` match `pattern`, where `:name` stands for one segment that is not empty? */
export function matchesPattern(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const found = path.split('/');
  if (wanted.length !== found.length) return false;
  return wanted.every((segment, at) => (segment.startsWith(':') ? found[at] !== '' : segment === found[at]));
}

/** An address as people write it: an IPv4 address mapped into IPv6 as IPv4, IPv6 in its short form. */
export function plainAddress(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^(?:0{1,4}:){5}ffff:([0-9a-f]{4}):([0-9a-f]{4})$/i.exec(address);
  if (mapped !== null) {
    const [high, low] = [Number.parseInt(mapped[1] as string, 16), Number.parseInt(mapped[2] as string, 16)];
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  if (/^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address)) return address.slice(7);
  return URL.canParse(`http://[${address}]`) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

/** A close frame has room for this many bytes of reason. */
const MAX_REASON_BYTES = 123;

/** `reason`, cut to what fits into a close frame without breaking a character. */
export function closeReason(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= MAX_REASON_BYTES) return reason;
  let end = MAX_REASON_BYTES;
  while (((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

/** @throws RangeError for a payload that no ping may carry */
export function checkPingPayload(payload: Uint8Array | undefined): void {
  if (payload !== undefined && payload.length > 125) {
    throw new RangeError(`a ping carries 125 bytes at most, not ${payload.length}`);
  }
}
