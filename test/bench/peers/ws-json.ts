/** The usual way: `ws`, and all rows as JSON at each tick, made once for all. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { runBoard } from './board.js';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });

runBoard({
  async listen() {
    if (server.address() === null) await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },
  tick(board) {
    const bytes = Buffer.from(JSON.stringify(board.rows));
    for (const socket of server.clients) {
      socket.send(bytes, { binary: false });
      board.sent++;
    }
  },
});
