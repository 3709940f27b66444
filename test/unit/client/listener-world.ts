import { type AudioFormat, ClientMetrics, type ListenOptions } from '@auralis/client';
import { Writer, writeChunk } from '@auralis/shared';
import { FakeRuntime, type FakeSocket, fakeSockets, last } from './fake-world.js';

export const LISTEN = 'ws://127.0.0.1:8000/api/v1/streams/main/listen';
export const FORMAT: AudioFormat = { encoding: 'pcm_s16le', sampleRate: 48_000, channels: 2 };
export const HUB_AHEAD_MS = 15_000;

const writer = new Writer();

export function world(options: ListenOptions = {}, url = LISTEN) {
  const runtime = new FakeRuntime();
  const { WebSocket, made } = fakeSockets();
  const states: string[] = [];
  const metrics = ClientMetrics.listen(url, {
    WebSocket,
    runtime,
    client: 'me',
    onState: (state) => states.push(state),
    ...options,
  });
  return { runtime, made, metrics, states };
}

type World = ReturnType<typeof world>;

export function welcome(socket: FakeSocket, reportIntervalMs = 2000): void {
  socket.accept();
  socket.receive(
    JSON.stringify({ type: 'welcome', connectionId: 'c1', stream: 'main', reportIntervalMs, seq: 0, format: FORMAT }),
  );
}

export function open(options: ListenOptions = {}): World & { socket: FakeSocket } {
  const it = world(options);
  const socket = last(it.made);
  welcome(socket);
  return { ...it, socket };
}

export const chunkOf = (seq: number, sentAtMs: number, durationMs = 100) =>
  writeChunk(writer, { seq, sentAtMs, durationMs, payload: Uint8Array.of(1, 2, 3) });

interface Sent {
  readonly type: string;
  readonly t0?: number;
  readonly metrics?: Record<string, unknown>;
}

export const parsed = (socket: FakeSocket): Sent[] => socket.takeSent().map((text) => JSON.parse(text as string));

export function reportsOf(socket: FakeSocket): Record<string, unknown>[] {
  return parsed(socket).flatMap(({ type, metrics }) => (type === 'client_metrics' && metrics ? [metrics] : []));
}

/** Answers the exchanges that are waiting, from a hub whose clock is ahead; each way takes 10 ms. */
export function answerExchanges({ runtime, socket }: { runtime: FakeRuntime; socket: FakeSocket }): number {
  const asked = parsed(socket).filter(({ type }) => type === 'clock_sync');
  runtime.freeze(20);
  for (const { t0 } of asked) {
    const hub = (t0 as number) + 10 + HUB_AHEAD_MS;
    socket.receive(JSON.stringify({ type: 'clock_sync', t0, t1: hub, t2: hub }));
  }
  return asked.length;
}

/** Let time pass while the hub shows every second that it lives. */
export function live({ runtime, socket }: { runtime: FakeRuntime; socket: FakeSocket }, ms: number): void {
  for (const end = runtime.time + ms; runtime.time < end; ) {
    runtime.advance(Math.min(1_000, end - runtime.time));
    socket.receive('{"type":"clock_sync"}');
  }
}
