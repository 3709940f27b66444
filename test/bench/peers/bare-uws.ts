/** uWebSockets.js and nothing else: what a server must spend in any case. */
import { App, type WebSocket } from 'uWebSockets.js';
import { answerQuestions } from '../child.js';
import { listenAnywhere, quietRoute } from './uws.js';

type Socket = WebSocket<unknown>;

const listeners = new Set<Socket>();
const dashboards = new Set<Socket>();
const counts = { messages: 0, values: 0, published: 0, sent: 0, dropped: 0 };

function send(sockets: Iterable<Socket>, message: ArrayBuffer | Uint8Array): void {
  for (const socket of sockets) {
    // 0: queued, 1: written, 2: dropped.
    if (socket.send(message as ArrayBuffer, true) === 2) counts.dropped++;
    else counts.sent++;
  }
}

function keep(sockets: Set<Socket>) {
  return {
    open: (socket: Socket) => void sockets.add(socket),
    close: (socket: Socket) => void sockets.delete(socket),
  };
}

function parse(_socket: Socket, message: ArrayBuffer, isBinary: boolean): void {
  counts.messages++;
  if (isBinary) return;
  const parsed = JSON.parse(Buffer.from(message).toString());
  // Looked at, so that the parse cannot be left out.
  if (parsed.metrics.chunksReceived >= 0) counts.values++;
}

const app = App();
app.ws('/ingest', { ...quietRoute, message: parse });
app.ws('/view', {
  ...quietRoute,
  message(_socket: Socket, message: ArrayBuffer) {
    counts.messages++;
    if (new Uint8Array(message)[0] === 0x7b) counts.values++;
  },
});
app.ws('/listen', { ...quietRoute, ...keep(listeners), message: parse });
app.ws('/publish', {
  ...quietRoute,
  message(_socket: Socket, message: ArrayBuffer) {
    counts.published++;
    send(listeners, message);
  },
});
app.ws('/dashboard', {
  ...quietRoute,
  ...keep(dashboards),
  message() {
    counts.messages++;
  },
});

let timer: NodeJS.Timeout | undefined;

answerQuestions({
  listen: () => listenAnywhere(app),
  counts: () => ({ ...counts, listeners: listeners.size, dashboards: dashboards.size }),
  /** Sends `bytes` to every dashboard each `everyMs`, until told to stop (`bytes` 0). */
  fan({ bytes, everyMs }: { bytes: number; everyMs: number }) {
    clearInterval(timer);
    if (bytes === 0) return;
    const message = new Uint8Array(bytes).fill(1);
    timer = setInterval(() => send(dashboards, message), everyMs);
  },
});
