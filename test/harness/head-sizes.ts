import { expect } from '@jest/globals';
import { RawSocket } from '../contract/raw-socket.js';
import { ask } from './http.js';

const KIB = 1_024;

/** Headers of `bytes` in all, in lines of 4 KiB as browsers send cookies. */
export const headersOf = (bytes: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: bytes / (4 * KIB) }, (_, at) => [`x-${at}`, 'c'.repeat(4 * KIB - 'x-0: \r\n'.length)]),
  );

/** 16 KB of headers pass, for requests and sockets, and 24 KB do not. */
export async function expectHeadSizes(port: number): Promise<void> {
  const status = async (bytes: number) => (await ask(port, '/healthz', { headers: headersOf(bytes) })).status;
  expect([await status(4 * KIB), await status(16 * KIB)]).toEqual([200, 200]);
  const socket = await RawSocket.open(port, '/api/v1/streams/main/listen', { headers: headersOf(16 * KIB) });
  expect(socket.status).toBe(101);
  socket.destroy();
  expect(await status(24 * KIB)).toBe(431);
}
