import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SESSION } from '../harness/cmcd.js';
import { CountingEngine, CountingListener } from '../harness/counting.js';
import { HubProcess, newDataDir } from '../harness/hub.js';
import { FakeNvidiaSmi } from '../harness/nvidia-smi.js';
import { Receiver } from '../harness/receiver.js';
import { LiveSocket, refusedStatus, TestSocket } from '../harness/socket.js';

export type Row = Readonly<Record<string, string | number | null>>;

const MAX_CLIENTS = 9;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** One hub, and everything that can be a source of its figures: each does what moves some of them. */
export class CatalogueWorld {
  readonly hub: HubProcess;
  readonly #smi: FakeNvidiaSmi;
  readonly #receiver: Receiver;
  readonly #dataDir: string;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #sockets: TestSocket[] = [];
  /** Work done, counted here. */
  readonly counts = { refusedMessages: 0, refusedUpgrades: 0, oversize: 0, removed: 0, full: 0 };
  readonly listeners: CountingListener[] = [];
  main!: CountingEngine;

  private constructor(hub: HubProcess, smi: FakeNvidiaSmi, receiver: Receiver, dataDir: string) {
    this.hub = hub;
    this.#smi = smi;
    this.#receiver = receiver;
    this.#dataDir = dataDir;
  }

  static async start(): Promise<CatalogueWorld> {
    const smi = new FakeNvidiaSmi([{ play: ['t4-driver-450', 'a100-mig-driver-510'] }]);
    const dataDir = newDataDir();
    const receiver = await Receiver.start(({ path }) => ({ status: path === '/refuses' ? 400 : 200 }));
    const config = join(dataDir, 'hub.yaml');
    const webhook = (url: string) => ({ type: 'webhook', url });
    const notifiers = {
      works: webhook(`${receiver.url}/works`),
      refuses: webhook(`${receiver.url}/refuses`),
      dead: webhook('http://127.0.0.1:9/'),
    };
    writeFileSync(config, JSON.stringify({ notifiers }));
    const places = ['--max-clients', String(MAX_CLIENTS), '--max-share-percent', '100'];
    const limits = [...places, '--max-outstanding-ms', '100', '--report-interval-ms', '250'];
    const env = { ...smi.env, AURALIS_DATA_DIR: dataDir };
    const hub = await HubProcess.start(['--config', config, ...limits], env);
    return new CatalogueWorld(hub, smi, receiver, dataDir);
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.main.stop();
    for (const { ws } of this.#sockets) ws.terminate();
    await this.hub.stop();
    await this.#receiver.stop();
    this.#smi.remove();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }

  /** All that there is to do, one after another where it must be. */
  async everything(): Promise<void> {
    await this.streams();
    await Promise.all([this.engines(), this.dashboards(), this.strangers(), this.alerts()]);
    await this.comings();
    await this.elsewhere();
  }

  /** The rows of a table, as REST has them. */
  async rows(table: string): Promise<readonly Row[]> {
    return (await this.hub.get<{ items: Row[] }>(`/api/v1/${table}?limit=1000`)).items;
  }

  /** Looks again and again until it is so. */
  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    for (let look = 0; look < 200; look++) {
      if (await isSo()) return;
      await pause(200);
    }
    throw new Error(`never: ${what}`);
  }

  /** Engine and listeners of a stream that goes as it should, and one listener in each sort of trouble. */
  async streams(): Promise<void> {
    const { hub } = this;
    this.main = await this.#engine('main', '?encoding=pcm_s16le&sampleRate=48000&channels=1');
    await this.#listen('main', 'well', 250, (listener, at) =>
      listener.report({
        avgLatencyMs: 2,
        clockErrorMs: 3,
        clockOffsetMs: -4.5,
        errorRate: 0.01,
        chunkErrors: 1 + at,
        jitterMs: 6,
        rttMs: 12,
        bufferDepthMs: 300 + (at % 3),
        underrunDurationMs: 0,
        outputLatencyMs: 21,
        startupMs: 640,
        playbackState: 'playing',
        hidden: false,
        sentAt: Date.now(),
      }),
    );
    // Its clock is wrong, it counts errors that cannot be, it hears silence again and again, and its page is hidden.
    await this.#listen('main', 'troubled', 250, (listener, at) =>
      listener.report({
        avgLatencyMs: -5_000,
        clockErrorMs: 3,
        errorRate: 1.5,
        bufferUnderruns: at,
        underrunDurationMs: at * 50,
        playbackState: 'stalled',
        hidden: at % 20 > 10,
      }),
    );
    // Confirms one chunk and then no other.
    await this.#listen('main', 'stuck', 1_000_000, (listener) => listener.report({}));
    this.main.start(100, new Uint8Array(Int16Array.of(0, 32_767, 32_767, 32_767).buffer));
    await pause(150);
    this.listeners.at(-1)?.report({});

    // Half of the audio that it plays comes: its buffer drains.
    const half = await this.#engine('half');
    const begun = performance.now();
    await this.#listen('half', 'drains', 250, (listener) =>
      listener.report({
        bufferDepthMs: Math.max(0, 900 - (performance.now() - begun) * 0.5),
        playbackState: 'playing',
        sentAt: Date.now(),
      }),
    );
    half.start(50, new Uint8Array(10));
    this.#timers.push(
      setTimeout(() => {
        half.stop();
        half.socket.ws.terminate();
      }, 6_000),
    );

    // More is on its way to one that reads nothing than the kernel takes.
    const heavy = await this.#engine('heavy');
    const deaf = await CountingListener.open(hub, 'heavy', 'deaf');
    this.#sockets.push(deaf.socket);
    deaf.socket.ws.pause();
    for (let chunk = 0; chunk < 12; chunk++) heavy.publish(100, new Uint8Array(900_000));
  }

  /** All that an engine can say of itself. */
  async engines(): Promise<void> {
    const { socket } = this.main;
    socket.send([
      { type: 'synthesis_start', id: 'a' },
      { type: 'synthesis_start', id: 'b' },
    ]);
    await pause(60);
    const end = { success: true, phraseDurationSec: 8, peakAmplitudeDb: -7.5, gpuMemoryMb: 1500 };
    socket.send([
      { type: 'synthesis_end', id: 'a', ...end },
      { type: 'synthesis_end', id: 'never begun', ...end },
      { type: 'synthesis_end', id: 'never begun', ...end },
      { type: 'synthesis', latencyMs: 400, success: false },
      { type: 'phrase', generationMs: 700, notes: 11, success: true },
      { type: 'phrase', generationMs: 900, success: false },
      { type: 'queue', depth: 1 },
      { type: 'queue', depth: 0 },
      { type: 'buffer', depthMs: 310 },
      { type: 'process', cpuPercent: 41.5, memoryMb: 612 },
      { type: 'chunks', sent: 100, dropped: 2 },
      { type: 'clients', active: 3 },
    ]);
    await pause(1_000);
    socket.send([
      { type: 'chunks', sent: 120, dropped: 5 },
      { type: 'queue', depth: 2 },
    ]);
    socket.send({ type: 'queue', depth: -1 });
    this.counts.refusedMessages++;
  }

  /** Connections that are lost, come back, are closed, removed, or find no place. */
  async comings(): Promise<void> {
    const { hub, counts } = this;
    const path = `${hub.wsUrl}/api/v1/streams/main/listen`;
    const first = await TestSocket.open(`${path}?client=wanderer`);
    first.send({ type: 'client_metrics', metrics: { playbackState: 'playing', bufferDepthMs: 0 } });
    await pause(300);
    first.ws.terminate();
    await pause(300);
    this.#sockets.push(await TestSocket.open(`${path}?client=wanderer`));

    const removed = await TestSocket.open(`${path}?client=removed`);
    const row = (await this.rows('connections')).find(({ client }) => client === 'removed');
    await fetch(`${hub.url}/api/v1/connections/${row?.id}`, { method: 'DELETE' });
    counts.removed++;
    await removed.closed;

    for (let place = 0; place < MAX_CLIENTS; place++) {
      const socket = new TestSocket(path);
      this.#sockets.push(socket);
      const isTaken = await new Promise<boolean>((resolve) => {
        socket.ws.once('open', () => resolve(true));
        socket.ws.once('error', () => resolve(false));
      });
      if (!isTaken) counts.full++;
    }
    counts.refusedUpgrades += counts.full;
    for (const { ws } of this.#sockets.splice(-MAX_CLIENTS)) ws.terminate();
    await pause(300);
  }

  /** Listeners that others serve: another server reports one, and a player with CMCD reports itself. */
  async elsewhere(): Promise<void> {
    const reported = [{ type: 'connection_opened', connection: 'c1' }];
    const post = (path: string, type: string, body: string) =>
      fetch(this.hub.url + path, { method: 'POST', body, headers: { 'content-type': type } });
    const impossible = [10, 2 ** 40].map((sent) => ({ type: 'chunks', sent, dropped: 0 }));
    const answers = [
      await post('/api/v1/streams/elsewhere/events', 'application/json', JSON.stringify(impossible)),
      await post('/api/v1/streams/main/reports', 'application/json', JSON.stringify(reported)),
      await post('/api/v1/cmcd', 'application/cmcd', SESSION.join('\n')),
      await post('/api/v1/cmcd', 'application/cmcd', 'sid="thirsty",cid="main",mtp=(9300),rtp=15000'),
    ];
    for (const { status } of answers) expectStatus(status, 202);
  }

  /** Impossible figures that strangers send. */
  async strangers(): Promise<void> {
    const { hub, counts } = this;
    const listener = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/listen`);
    listener.send('no');
    listener.send({ type: 'client_metrics', metrics: { colour: 'red', lastSeq: 0 } });
    counts.refusedMessages++;
    await listener.nextText('error');
    listener.send({ type: 'client_metrics', metrics: { bufferDepthMs: -86_400_000 } });
    await this.until('an impossible figure', async () =>
      (await this.rows('connections')).some(({ impossible_figure }) => impossible_figure === 'buffer_depth_ms'),
    );
    listener.send('x'.repeat(1 << 20));
    counts.oversize++;
    await listener.closed;
    expectStatus(await refusedStatus(`${hub.wsUrl}/api/v1/streams/a%2Fb/listen`), 400);
    counts.refusedUpgrades++;
    expectStatus((await fetch(`${hub.url}/api/v1/nothing`)).status, 404);
  }

  /** A dashboard that acknowledges nothing, so that frames are skipped for it. */
  async dashboards(): Promise<void> {
    const live = new LiveSocket(this.hub.wsUrl);
    this.#sockets.push(live);
    await live.nextResponse('welcome');
    live.request({ kind: 'subscribe', sub: 1, topic: 'connections', intervalMs: 100, options: { ack: true } });
    await live.nextResponse('snapshot');
  }

  /** Alerts by hand, one of them silenced and one resolved; notifiers hear of them. */
  async alerts(): Promise<void> {
    const post = (path: string, body?: object) =>
      fetch(`${this.hub.url}/api/v1/alerts${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const raised = await post('', { severity: 'error', title: 'Raised', message: 'by hand' });
    const { id } = (await raised.json()) as { id: string };
    await pause(300);
    await post(`/${id}/resolve`);
    await post('/silences', { matchers: { stream: 'quiet' }, author: 'anna', reason: 'a test', lastsS: 600 });
    await post('', { severity: 'info', title: 'Silenced', message: 'by hand', stream: 'quiet' });
  }

  async #engine(stream: string, query = ''): Promise<CountingEngine> {
    const socket = await TestSocket.open(`${this.hub.wsUrl}/api/v1/streams/${stream}/publish${query}`);
    this.#sockets.push(socket);
    return new CountingEngine(socket);
  }

  async #listen(stream: string, client: string, everyMs: number, report: (l: CountingListener, at: number) => void) {
    const listener = await CountingListener.open(this.hub, stream, client);
    this.listeners.push(listener);
    this.#sockets.push(listener.socket);
    this.#timers.push(setInterval(() => report(listener, listener.reports + 1), everyMs));
  }
}

function expectStatus(found: number, wanted: number): void {
  if (found !== wanted) throw new Error(`answered ${found}, not ${wanted}`);
}
