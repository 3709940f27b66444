import { connect } from 'node:net';
import { expect } from '@jest/globals';
import type { Attack } from './attack.js';

const PATHS: readonly string[] = ['/healthz', '/metrics', '/nothing'];
const REQUESTS = 2_000;
/** Far fewer than were sent, and more than a hub handles before it closes the connection. */
const MAX_ANSWERS = 200;

/** Thousands of requests in one write, which the parsers hand over in one piece. */
export const pipelined: Attack = {
  name: 'pipelined requests end their own connection and hold up nobody',
  async run({ hub }, isLong) {
    for (let round = 0; round < (isLong ? 100 : 3); round++) {
      for (const path of PATHS) expect(await flood(hub.port, path)).toBeLessThan(MAX_ANSWERS);
    }
    expect((await fetch(`${hub.url}/healthz`)).status).toBe(200);
  },
};

/** Send many requests in one write, and return how many were answered before the connection ended. */
function flood(port: number, path: string): Promise<number> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(REQUESTS)),
    );
    socket.on('data', (piece: Buffer) => {
      text += piece.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text.split('HTTP/1.1 ').length - 1));
  });
}
