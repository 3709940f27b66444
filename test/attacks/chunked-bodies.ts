import { connect, type Socket } from 'node:net';
import { expect } from '@jest/globals';
import type { Attack } from './attack.js';

/** One-byte chunks: 6 bytes on the wire for each that is meant. */
const CHUNKS = Buffer.from('1\r\nx\r\n'.repeat(16_384));
const HEAD = 'POST /api/v1/streams/x/reports HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n';
/**
 * Bytes that bodies hold, and garbage of Node's parser: a buffer for each byte, collected late. Held bodies took 390
 * MB each.
 */
const MAX_GROWTH_BYTES = 160 * 2 ** 20;

/** Bodies of up to a million one-byte chunks, with a token and without. */
export const chunkedBodies: Attack = {
  name: 'bodies of one-byte chunks are refused before they are held',
  async run({ hub, auth }, isLong) {
    const before = hub.rss;
    const connections = isLong ? 20 : 4;
    const batches = isLong ? 64 : 16;
    const tokens = [null, auth.tokens.publisher];
    const statuses = await Promise.all(
      Array.from({ length: connections }, (_, at) => post(hub.port, tokens[at % 2] ?? null, batches)),
    );
    // A connection that is cut while it still sends may lose the answer.
    const answered = new Set(statuses.filter((status) => status !== null));
    expect(answered.size).toBeGreaterThan(0);
    expect([...answered].every((status) => status === 401 || status === 413)).toBe(true);
    expect(hub.rss - before).toBeLessThan(MAX_GROWTH_BYTES);
  },
};

/**
 * Send the chunks, as fast as they are taken. Return the status of the answer, or null if the connection ended
 * without.
 */
function post(port: number, token: string | null, batches: number): Promise<number | null> {
  return new Promise((resolve) => {
    const authorization = token === null ? '' : `Authorization: Bearer ${token}\r\n`;
    const type = 'Content-Type: application/json\r\n';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`${HEAD}${type}${authorization}\r\n`);
      send(socket, batches);
    });
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text === '' ? null : Number(text.split(' ')[1])));
  });
}

function send(socket: Socket, batches: number): void {
  if (socket.destroyed) return;
  if (batches === 0) socket.end();
  else if (socket.write(CHUNKS)) setImmediate(send, socket, batches - 1);
  else socket.once('drain', () => send(socket, batches - 1));
}
