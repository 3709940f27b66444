import { ClientMetrics } from '@auralis/client';
import { readChunk } from '@auralis/shared';
import { afterEach, expect, test } from '@jest/globals';
import WebSocket from 'ws';
import { CountingEngine } from '../harness/counting.js';
import { freePort } from '../harness/free-port.js';
import { HubProcess } from '../harness/hub.js';
import { TestSocket } from '../harness/socket.js';

type Row = Readonly<Record<string, string | number | null>>;

let hub: HubProcess;
let engine: CountingEngine | null = null;
afterEach(async () => {
  engine?.stop();
  await hub.stop();
});

async function until<Found>(look: () => Promise<Found | null>): Promise<Found> {
  for (let looks = 0; looks < 300; looks++) {
    const found = await look();
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it never was so');
}

const rowOf = (client: string, wanted: (row: Row) => boolean) =>
  until(async () => {
    const { items } = await hub.get<{ items: Row[] }>('/api/v1/connections');
    return items.find((row) => row.client === client && row.state === 'open' && wanted(row)) ?? null;
  });

async function publish(): Promise<void> {
  engine?.stop();
  engine = new CountingEngine(await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/publish`));
  engine.start(100, new Uint8Array(8));
}

test.each(['uws', 'ws'])(
  'pages that come back to a restarted hub on %s are believed, with their old counters',
  async (transport) => {
    const port = await freePort();
    const options = ['--transport', transport, '--report-interval-ms', '250'];
    hub = await HubProcess.start([...options, '--port', String(port)]);
    await publish();

    // The class of the specification, over a socket of the page's own: it goes on counting for as long as the page
    // lives.
    const spec = new ClientMetrics();
    for (let count = 0; count < 40; count++) spec.recordBufferUnderrun();
    for (let count = 0; count < 40_000; count++) spec.recordChunkReceived(Date.now() + 7_200_000);
    const open = () => {
      const socket = new WebSocket(`${hub.wsUrl}/api/v1/streams/main/listen?client=spec`);
      const timer = setInterval(() => socket.readyState === 1 && void spec.sendToServer(socket), 250);
      socket.on('message', (data: Buffer, isBinary) => {
        const chunk = isBinary ? readChunk(data) : null;
        if (chunk !== null) spec.recordChunkReceived(chunk.sentAtMs);
      });
      socket.on('error', () => {});
      socket.on('close', () => clearInterval(timer));
      return socket;
    };
    open();
    // The SDK, which comes back by itself.
    const playback = () => ({
      bufferDepthMs: 300,
      playbackState: 'playing' as const,
      bufferUnderruns: 40,
      underrunDurationMs: 90_000,
    });
    const sdk = ClientMetrics.listen(`${hub.wsUrl}/api/v1/streams/main/listen`, {
      client: 'sdk',
      playback,
      WebSocket: WebSocket as never,
    });
    for (const client of ['spec', 'sdk']) await rowOf(client, ({ reports }) => Number(reports) > 2);

    await hub.stop();
    hub = await HubProcess.start([...options, '--port', String(port)]);
    await publish();
    const socket = open();
    for (const client of ['spec', 'sdk']) {
      const row = await rowOf(client, ({ reports, trust }) => Number(reports) > 4 && trust !== null);
      expect(row).toMatchObject({ impossible_figure: 'none', messages_refused: 0, reconnects: 0 });
      expect(row.trust).not.toBe('impossible');
    }
    const [own] = (await hub.get<{ items: Row[] }>('/api/v1/hubs')).items;
    expect([own?.figures_impossible, own?.messages_refused]).toEqual([0, 0]);
    const stream = await hub.get<Row>('/api/v1/streams/main');
    expect(stream.audio_gap_ms ?? 0).toBe(0);
    sdk.close();
    socket.close();
  },
);
