/** socket.io over WebSocket alone, with its MessagePack parser: all rows at each tick. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import parser from 'socket.io-msgpack-parser';
import { runBoard } from './board.js';

/** No pings while it is measured. */
const NEVER_MS = 3_600_000;

const http = createServer();
const io = new Server(http, {
  parser,
  transports: ['websocket'],
  perMessageDeflate: false,
  serveClient: false,
  pingInterval: NEVER_MS,
});

runBoard({
  listen: () =>
    new Promise((resolve) => {
      http.listen(0, '127.0.0.1', () => resolve((http.address() as AddressInfo).port));
    }),
  tick(board) {
    io.emit('rows', board.rows);
    board.sent += io.engine.clientsCount;
  },
});
