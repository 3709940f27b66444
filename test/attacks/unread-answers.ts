import { connect, type Socket } from 'node:net';
import { expect } from '@jest/globals';
import type { Attack } from './attack.js';

const BUNDLE = 'GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n';
const MAX_GROWTH_BYTES = 100 * 2 ** 20;
const WATCH_MS = 10;
const SHORT_MS = 1_000;
const LONG_MS = 5_000;

/** Requests for the largest file, of which nobody reads the answers. */
export const unreadAnswers: Attack = {
  name: 'answers that nobody reads are held up to a limit',
  async run({ hub }, isLong) {
    // Prepares the file, so that what grows is due to unread answers.
    expect((await fetch(`${hub.url}/docs/swagger-ui-bundle.js`)).status).toBe(200);
    const before = hub.rss;
    const sockets = Array.from({ length: isLong ? 1_000 : 200 }, () => ask(hub.port));
    let most = 0;
    const watching = setInterval(() => {
      most = Math.max(most, hub.rss);
    }, WATCH_MS);
    await new Promise((resolve) => setTimeout(resolve, isLong ? LONG_MS : SHORT_MS));
    clearInterval(watching);
    expect((await fetch(`${hub.url}/api/v1/openapi.json`)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
    expect(most - before).toBeLessThan(MAX_GROWTH_BYTES);
  },
};

function ask(port: number): Socket {
  const socket = connect(port, '127.0.0.1', () => socket.write(BUNDLE));
  socket.pause();
  socket.on('error', () => {});
  return socket;
}
