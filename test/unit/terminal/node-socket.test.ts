import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NodeSocket } from '@auralis/client/terminal/node-socket';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type WebSocket, WebSocketServer } from 'ws';

let server: Server;
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function serve(listener?: RequestListener): Promise<Server> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const open = (protocols?: string[]) => {
  const { port } = server.address() as AddressInfo;
  return new NodeSocket(`ws://127.0.0.1:${port}/`, protocols);
};

/** How a socket closes. */
const closing = (socket: NodeSocket) =>
  new Promise<{ code: number; reason: string }>((resolve) => {
    socket.onclose = ({ code, reason }) => resolve({ code, reason });
  });

describe('a socket', () => {
  test('gives bytes as an ArrayBuffer and text as text, and tells how the server closed', async () => {
    const wss = new WebSocketServer({ server: await serve() });
    wss.on('connection', (peer) => {
      peer.on('message', (data: Buffer, isBinary) => {
        peer.send(data, { binary: isBinary });
        if (!isBinary) peer.close(4000, 'good night');
      });
    });
    const socket = open(['one', 'two']);
    const got: unknown[] = [];
    socket.onmessage = ({ data }) => got.push(data);
    socket.onopen = () => {
      socket.send(Uint8Array.of(1, 2, 3));
      socket.send('text');
    };
    expect(await closing(socket)).toEqual({ code: 4000, reason: 'good night' });
    expect(got).toEqual([Uint8Array.of(1, 2, 3).buffer, 'text']);
  });

  test('that is closed does not wait for a server that reads no more', async () => {
    const wss = new WebSocketServer({ server: await serve() });
    const socket = open();
    const [[peer]] = await Promise.all([
      once(wss, 'connection') as Promise<[WebSocket]>,
      new Promise<void>((resolve) => (socket.onopen = () => resolve())),
    ]);
    peer.pause();
    const closed = closing(socket);
    socket.close(1000);
    // The reader of a close frame would have answered with its code.
    expect(await closed).toEqual({ code: 1006, reason: '' });
    peer.terminate();
  });
});

describe('a server without a WebSocket', () => {
  test.each([
    [404, 'not found\nand more\n', 'answered 404: not found'],
    [503, '', 'answered 503'],
    [403, '<!doctype html><p>no', 'answered 403'],
    [429, 'x'.repeat(1000), `answered 429: ${'x'.repeat(300)}`],
  ])('its status %i is the code, and its text the reason', async (status, body, reason) => {
    await serve((_, response) => response.writeHead(status).end(body));
    expect(await closing(open())).toEqual({ code: status, reason });
  });

  test('that does not end its text is not waited for', async () => {
    await serve((_, response) => void response.writeHead(400).write('because'));
    expect(await closing(open())).toEqual({ code: 400, reason: 'answered 400: because' });
  });

  test('that is not there: the error of the network is the reason', async () => {
    const { port } = (await serve()).address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const reason = `connect ECONNREFUSED 127.0.0.1:${port}`;
    expect(await closing(new NodeSocket(`ws://127.0.0.1:${port}/`))).toEqual({ code: 1006, reason });
  });
});
