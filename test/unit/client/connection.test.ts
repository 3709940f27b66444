import { backoffMs } from '@auralis/client/backoff';
import { Connection, NO_SOCKET, socketUrl } from '@auralis/client/connection';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { FakeRuntime, FakeSocket, last } from './fake-world.js';

function connection() {
  const runtime = new FakeRuntime();
  const made: FakeSocket[] = [];
  const lost: [code: number, again: boolean, reason: string][] = [];
  const received: unknown[] = [];
  const events = {
    opened: () => {},
    received: (data: unknown) => received.push(data),
    lost: (code: number, again: boolean, reason: string) => lost.push([code, again, reason]),
  };
  const connect = () => {
    const socket = new FakeSocket('ws://hub');
    made.push(socket);
    return socket;
  };
  const subject = new Connection(connect, events, runtime);
  subject.open();
  return { subject, runtime, made, lost, received };
}

/** How long until the next socket is made. */
function waitForNext({ runtime, made }: { runtime: FakeRuntime; made: FakeSocket[] }): number {
  const before = made.length;
  for (let waited = 0; waited <= 60_000; waited += 1) {
    if (made.length > before) return waited;
    runtime.advance(1);
  }
  throw new Error('no further try within a minute');
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe('backoffMs', () => {
  test('is spread from 0 to a ceiling that doubles from 0.5 to 20 s', () => {
    expect([0, 1, 2, 5, 6, 1000].map((attempt) => backoffMs(attempt, 1))).toEqual([
      500, 1000, 2000, 16_000, 20_000, 20_000,
    ]);
    expect(backoffMs(3, 0)).toBe(0);
    expect(backoffMs(3, 0.25)).toBe(1000);
  });
});

describe('Connection', () => {
  test.each([1000, 1001, 1006, 1011, 1012, 4000, 4001, 4002, 4003, 4099, 4200])('comes back after %i', (code) => {
    const world = connection();
    last(world.made).accept();
    last(world.made).end(code, 'for now');
    expect(world.lost).toEqual([[code, true, 'for now']]);
    expect(waitForNext(world)).toBe(250);
  });

  test.each([4100, 4101, 4102, 4103, 4104, 4199])('stays away after %i', (code) => {
    const { runtime, made, lost } = connection();
    last(made).accept();
    last(made).end(code);
    expect(lost).toEqual([[code, false, '']]);
    runtime.advance(3_600_000);
    expect(made).toHaveLength(1);
    expect(runtime.timers.size).toBe(0);
  });

  test('waits longer after each failure, and a short-lived success does not count', () => {
    const world = connection();
    const waits = [0, 1, 2, 3, 4, 5, 6, 7].map((attempt) => {
      if (attempt % 2 === 0) last(world.made).accept();
      last(world.made).end(4001);
      return waitForNext(world);
    });
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  });

  test('starts from the shortest again after a connection that lasted', () => {
    const world = connection();
    for (let attempt = 0; attempt < 5; attempt++) {
      last(world.made).end(1006);
      waitForNext(world);
    }
    last(world.made).accept();
    world.runtime.advance(10_000);
    last(world.made).end(4000);
    expect(waitForNext(world)).toBe(250);
  });

  test('gives up on a server that does not answer', () => {
    const { runtime, made, lost } = connection();
    runtime.advance(15_000);
    expect(lost).toEqual([[1006, true, 'no answer']]);
    expect(made[0]?.closedWith).toBe(1005);
    runtime.advance(250);
    expect(made).toHaveLength(2);
  });

  test('has no ear for a socket that it has given up', () => {
    const { subject, runtime, made, lost, received } = connection();
    const [old] = made as [FakeSocket];
    old.accept();
    subject.drop();
    runtime.advance(250);
    last(made).accept();
    old.receive('late');
    old.end(4100);
    expect([lost, received]).toEqual([[[1006, true, '']], []]);
    expect(subject.send('hello')).toBe(true);
    expect(last(made).sent).toEqual(['hello']);
  });

  test('sends nothing while there is no open socket', () => {
    const { subject, made } = connection();
    expect(subject.send('early')).toBe(false);
    last(made).accept();
    last(made).readyState = 2;
    expect(subject.send('late')).toBe(false);
  });

  test('ends quietly on close, even between two tries', () => {
    const { subject, runtime, made, lost } = connection();
    last(made).end(1006);
    subject.close();
    runtime.advance(60_000);
    expect([made.length, lost.length, runtime.timers.size]).toEqual([1, 1, 0]);
  });

  test('ends where no socket can be made', () => {
    const report = jest.spyOn(console, 'error').mockImplementation(() => {});
    const lost: unknown[] = [];
    const events = { opened: () => {}, received: () => {}, lost: (...what: unknown[]) => lost.push(what) };
    const runtime = new FakeRuntime();
    const connect = () => {
      throw new SyntaxError('no such scheme');
    };
    new Connection(connect, events, runtime).open();
    expect(lost).toEqual([[NO_SOCKET, false, 'no such scheme']]);
    expect(report).toHaveBeenCalledTimes(1);
    expect(runtime.timers.size).toBe(0);
  });
});

describe('socketUrl', () => {
  test('takes http for ws, and refuses what is no URL', () => {
    expect(socketUrl('ws://hub:8000/a?b=c').href).toBe('ws://hub:8000/a?b=c');
    expect(socketUrl('https://hub/a').href).toBe('wss://hub/a');
    expect(() => socketUrl('no url')).toThrow('Invalid URL');
  });
});
