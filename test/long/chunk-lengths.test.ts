import { MAX_CHUNK_MESSAGE_BYTES, readChunk, Writer, writePublishedChunk } from '@auralis/shared';
import { afterEach, describe, expect, test } from '@jest/globals';
import { HubProcess, runCommand } from '../harness/hub.js';
import { TestSocket } from '../harness/socket.js';

interface Row {
  readonly client: string;
  readonly status_reason: string | null;
  readonly chunks_dropped: number;
}

const hubs: HubProcess[] = [];
afterEach(async () => {
  await Promise.all(hubs.splice(0).map((hub) => hub.stop()));
});

async function start(transport: string): Promise<HubProcess> {
  const hub = await HubProcess.start(['--transport', transport]);
  hubs.push(hub);
  return hub;
}

/** Return the statuses of honest listeners during a simulation with such chunks, and its result. */
async function simulate(transport: string, chunkMs: number) {
  const hub = await start(transport);
  const args = ['--chunk-ms', String(chunkMs), '--no-audio', '--listeners', '4', '--duration', '21'];
  let isRunning = true;
  const simulation = runCommand(['simulate', '--url', hub.url, ...args]).finally(() => {
    isRunning = false;
  });
  const said = new Set<string>();
  let rate = Number.NaN;
  while (isRunning) {
    const { items } = await hub.get<{ items: Row[] }>('/api/v1/connections');
    for (const { status_reason } of items) if (status_reason !== null) said.add(status_reason);
    const streams = await hub.get<{ items: { audio_rate: number | null }[] }>('/api/v1/streams');
    rate = streams.items[0]?.audio_rate ?? rate;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const { output } = await simulation;
  return { said: [...said], rate, output };
}

test('chunks of 20 ms, 1 s and 10 s arrive, exactly counted, and nobody is accused for their length', async () => {
  const found = await Promise.all([simulate('uws', 20), simulate('ws', 1_000), simulate('uws', 10_000)]);
  for (const { said, rate, output } of found) {
    expect(output).toContain('accounts: exact');
    for (const word of ['slow_rate', 'high_buffer', 'frozen', 'contradicting', 'dropped'])
      expect(said).not.toContain(word);
    expect(said).toContain('ok');
    // The last seconds may be those after the engine's last chunk.
    expect(rate).toBeGreaterThan(0);
  }
}, 90_000);

describe.each(['uws', 'ws'])('the largest chunk on %s', (transport) => {
  test('is 4 MiB with its message, and reaches every listener whole', async () => {
    const hub = await start(transport);
    const at = `${hub.wsUrl}/api/v1/streams/main`;
    const engine = await TestSocket.open(`${at}/publish`);
    const received: Promise<number>[] = [];
    for (let count = 0; count < 3; count++) {
      const listener = await TestSocket.open(`${at}/listen`);
      received.push(
        new Promise((resolve) => {
          listener.ws.on('message', (data: Buffer, isBinary) => {
            if (isBinary) resolve(readChunk(data)?.payload.length ?? -1);
          });
        }),
      );
    }
    const send = (bytes: number) =>
      engine.send(writePublishedChunk(new Writer(), { durationMs: 10_000, payload: new Uint8Array(bytes) }));
    const most = MAX_CHUNK_MESSAGE_BYTES - 9;
    send(most);
    expect(await Promise.all(received)).toEqual([most, most, most]);
    const closed = new Promise<number>((resolve) => engine.ws.once('close', resolve));
    send(most + 1);
    expect([1006, 1009]).toContain(await closed);
  });
});
