/** A page without a socket: asks for all rows as JSON, again and again, of `node:http`. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runBoard } from './board.js';

runBoard({
  listen: (board) =>
    new Promise((resolve) => {
      const server = createServer((_, response) => {
        const body = Buffer.from(JSON.stringify(board.rows));
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
        response.end(body);
        board.sent++;
      });
      server.keepAliveTimeout = 0;
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    }),
});
