/** As `peers/ws-json`, but each dashboard's third message is said to be sent and is not. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { runBoard } from '../../bench/peers/board.js';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
let ticks = 0;

runBoard({
  async listen() {
    if (server.address() === null) await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },
  tick(board) {
    ticks++;
    for (const socket of server.clients) {
      if (ticks % 3 !== 0) socket.send(Buffer.from(JSON.stringify(board.rows)), { binary: false });
      board.sent++;
    }
  },
});
