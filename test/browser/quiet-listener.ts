import type { ClientMetricsReport } from '@auralis/shared';
import { WebSocket } from 'ws';

const REPORT_MS = 300;

export interface QuietListener {
  stop(): void;
}

/** A listener that says the same of itself again and again; resolves when the hub has welcomed it. */
export function listenerOf(
  hubWsUrl: string,
  stream: string,
  client: string,
  says: ClientMetricsReport,
): Promise<QuietListener> {
  const socket = new WebSocket(`${hubWsUrl}/api/v1/streams/${stream}/listen?client=${client}`);
  let lastSeq = 0;
  const timer = setInterval(() => {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(JSON.stringify({ type: 'client_metrics', metrics: { ...says, lastSeq } }));
  }, REPORT_MS);
  socket.on('message', (data: Buffer, isBinary) => {
    // [seq, …]: a uint32 behind the array's head and the number's own.
    if (isBinary) lastSeq = data.readUInt32BE(2);
  });
  socket.on('close', () => clearInterval(timer));
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('message', () => resolve({ stop: () => socket.close(1000) }));
  });
}
