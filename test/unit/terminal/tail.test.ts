import { once } from 'node:events';
import { type LineSink, tail } from '@auralis/client/terminal/tail';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { delta, ScriptedHub, snapshot, subscribed, until } from './scripted-hub.js';

/** A sink that is full while a test wants it to be. */
class TestSink implements LineSink {
  readonly lines: Record<string, unknown>[] = [];
  isFull = false;
  #drained: (() => void)[] = [];

  write(lines: string): boolean {
    expect(lines.endsWith('\n')).toBe(true);
    for (const line of lines.trimEnd().split('\n')) this.lines.push(JSON.parse(line));
    return !this.isFull;
  }

  onDrain(callback: () => void): void {
    this.#drained.push(callback);
  }

  /** Takes all that was written, and is full again at once if `isFull`. */
  drain(isFull = false): void {
    this.isFull = isFull;
    for (const callback of this.#drained.splice(0)) callback();
  }

  /** Each line's kind, and a row's id and latency. */
  get told(): unknown[] {
    return this.lines.map(({ kind, id, latency_ms }) => (id === undefined ? kind : [kind, id, latency_ms]));
  }
}

const WISH = { topic: 'connections', intervalMs: 1000, columns: ['latency_ms'] };

let hub: ScriptedHub;
let stop: AbortController;
let sink: TestSink;
let ended: Promise<unknown>;
beforeEach(async () => {
  hub = new ScriptedHub();
  await once(hub.server, 'listening');
  stop = new AbortController();
  sink = new TestSink();
  // Settled with the error, so that a test that does not look at it does not fail by it.
  ended = tail({ url: hub.url, token: null }, [WISH], sink, stop.signal).catch((error: Error) => error);
});
afterEach(async () => {
  stop.abort();
  await ended;
  await hub.close();
});

describe('tail', () => {
  test('writes rows and their changes, and ends without an error when it is told to', async () => {
    const { sub } = await hub.request('subscribe');
    hub.say(subscribed(sub, 7), snapshot(7, 1, 'a', 1.5), delta(7, 2, 2.5), delta(7, 3, 2.5));
    await hub.request('ack', 3);
    expect(sink.told).toEqual([
      ['row', 'a', 1.5],
      ['row', 'a', 2.5],
    ]);
    stop.abort();
    expect(await ended).toBeUndefined();
  });

  test('ends where the hub refuses what it asks for', async () => {
    const { sub } = await hub.request('subscribe');
    hub.say([20, sub, 'unknown_column', 'no such column']);
    expect(await ended).toMatchObject({
      name: 'HubError',
      message: `${hub.url} refuses: connections: no such column`,
    });
  });

  test('asks again where others of its address have asked too fast', async () => {
    const { sub } = await hub.request('subscribe');
    hub.say([20, sub, 'too_fast', 'more than 64 SUBSCRIBEs within 5 s']);
    await hub.request('subscribe', 2);
    hub.say(subscribed(sub, 7), snapshot(7, 1, 'a', 1));
    await until(() => sink.lines.length === 1);
    expect([sink.told, hub.connections]).toEqual([[['row', 'a', 1]], 1]);
  });

  test('says once that the hub is gone and once that it is back, and then what is different', async () => {
    const { sub } = await hub.request('subscribe');
    hub.say(subscribed(sub, 7), snapshot(7, 1, 'old', 1));
    await hub.request('ack');
    hub.isFull = true;
    hub.peer?.close(4000, 'the hub is shutting down');
    await until(() => hub.connections === 2);
    hub.isFull = false;
    await hub.request('subscribe', 2);
    hub.say(subscribed(sub, 3), snapshot(3, 1, 'new', 2));
    await hub.request('ack', 2);
    expect(sink.told.slice(1)).toEqual(['state', 'state', ['removed', 'old', undefined], ['row', 'new', 2]]);
    expect(sink.lines.slice(1, 3)).toMatchObject([
      { state: 'reconnecting', why: 'closed with 4000: the hub is shutting down' },
      { state: 'live', hub: 'hub@1', version: '9' },
    ]);
  });

  test('ends where the hub ends the connection for good', async () => {
    await hub.request('subscribe');
    hub.peer?.close(4101, 'this needs a token');
    expect(await ended).toMatchObject({
      message: `${hub.url} refuses: this needs a token; set AURALIS_TOKEN, or give --token`,
    });
  });
});

describe('while its reader is slow', () => {
  test('it confirms nothing and writes no rows, then the rows as they are by then', async () => {
    const { sub } = await hub.request('subscribe');
    sink.isFull = true;
    hub.say(subscribed(sub, 7), snapshot(7, 1, 'a', 1));
    await until(() => sink.lines.length === 1);
    hub.say(delta(7, 2, 2), delta(7, 3, 3), [23, 7, 5, 2100]);
    await until(() => sink.lines.length === 2);
    expect([sink.told, sink.lines[1], hub.of('ack')]).toEqual([
      [['row', 'a', 1], 'behind'],
      expect.objectContaining({ topic: 'connections', skipped: 5, behind_ms: 2100 }),
      [],
    ]);
    sink.drain();
    expect(await hub.request('ack')).toMatchObject({ channel: 7, seq: 3 });
    expect(sink.told.slice(2)).toEqual([['row', 'a', 3]]);
    hub.say(snapshot(7, 9, 'a', 9));
    await hub.request('ack', 2);
    expect(sink.told.slice(3)).toEqual([['row', 'a', 9]]);
  });

  test('and becomes full again by what waited, it goes on waiting', async () => {
    const { sub } = await hub.request('subscribe');
    sink.isFull = true;
    hub.say(subscribed(sub, 7), snapshot(7, 1, 'a', 1), delta(7, 2, 2), [23, 7, 5, 2100]);
    await until(() => sink.told.includes('behind'));
    sink.drain(true);
    expect(sink.told.slice(2)).toEqual([['row', 'a', 2]]);
    hub.say(delta(7, 3, 3), [23, 7, 6, 2200]);
    await until(() => sink.told.length === 4);
    expect(hub.of('ack')).toEqual([]);
    sink.drain();
    expect(await hub.request('ack')).toMatchObject({ seq: 3 });
    expect(sink.told.slice(3)).toEqual(['behind', ['row', 'a', 3]]);
  });
});
