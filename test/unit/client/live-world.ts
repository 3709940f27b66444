import { type Change, LiveClient, type LiveClientOptions, type Subscription } from '@auralis/client';
import { FakeHub, FakeSource, SOURCE } from './fake-hub.js';
import { FakeRuntime, fakeSockets, last } from './fake-world.js';

export const URL_LIVE = 'ws://127.0.0.1:8000/api/v1/live';

/** A client that connects, and what stands around it. */
export function world(options: LiveClientOptions = {}) {
  const runtime = new FakeRuntime();
  const { WebSocket, made } = fakeSockets();
  const live = new LiveClient(URL_LIVE, { WebSocket, runtime, ...options });
  const states: string[] = [];
  live.onState((state) => states.push(state));
  /** The hub at the newest socket, after its WELCOME. */
  const hub = () => new FakeHub(last(made), options.form).accept(runtime.time);
  return { runtime, made, live, states, hub };
}

/** A client with one subscription that has had its first snapshot: one row, `a`, of 10 ms. */
export function subscribed(options: LiveClientOptions = {}) {
  const it = world(options);
  const changes: Change[] = [];
  const sub = it.live.subscribe('connections/main', { intervalMs: 250 }, (change) => changes.push(change));
  const hub = it.hub();
  const source = new FakeSource(SOURCE, options.form);
  source.set('a', 10);
  source.delta(it.runtime.time);
  hub.subscribed(1);
  hub.send(source.snapshot(it.runtime.time));
  hub.requests();
  return { ...it, hub, nextHub: it.hub, sub, source, changes };
}

export const rowsOf = (sub: Subscription) =>
  Object.fromEntries([...sub.rows].map(([key, row]) => [key, row.get('latency_ms')]));
