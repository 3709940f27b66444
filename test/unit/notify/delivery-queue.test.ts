import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Transition } from '@auralis/server/alerts/alert';
import { backoffMs } from '@auralis/server/notify/backoff';
import { DeliveryQueue, type DeliveryQueueContext } from '@auralis/server/notify/delivery-queue';
import { DeliveryError, type Notifier, type SendContext, type Sent } from '@auralis/server/notify/notifier';
import { Outbox } from '@auralis/server/notify/outbox';
import { hears } from '@auralis/server/notify/routing';
import { Store } from '@auralis/server/store/store';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { newDataDir } from '../../harness/hub.js';
import { firing, resolved, START } from './world.js';

const root = newDataDir();
let dirs = 0;
let dir: string;
let store: Store;
let outbox: Outbox;
let now: number;

beforeEach(async () => {
  dir = join(root, String(dirs++));
  store = await Store.open(dir);
  now = START;
  outbox = newOutbox(['a', 'b']);
});
afterEach(() => store.close());
afterAll(() => rmSync(root, { recursive: true }));

function newOutbox(names: readonly string[], limit?: number, orphans: unknown[] = []): Outbox {
  const onOrphans = (name: string, count: number) => orphans.push([name, count]);
  return new Outbox({ store, names, now, onOrphans, ...(limit === undefined ? {} : { limit }) });
}

async function append(name: string, transitions: readonly Transition[], into = outbox): Promise<number> {
  const transaction = store.begin();
  const dropped = into.append(transaction, name, transitions);
  await transaction.commit();
  return dropped;
}

const keys = (name: string, from = outbox) => from.take(name, 100).map(({ transition }) => transition.key);

describe('routing', () => {
  test('by severity and stream; who names none hears all', () => {
    const critical = firing('a', { severity: 'critical' });
    const ofTheHub = firing('b', { labels: {} });
    expect([critical, ofTheHub].map((one) => hears({}, one))).toEqual([true, true]);
    expect([critical, ofTheHub].map((one) => hears({ severities: ['critical'] }, one))).toEqual([true, false]);
    expect([critical, ofTheHub].map((one) => hears({ streams: ['main', 'other'] }, one))).toEqual([true, false]);
    expect(hears({ severities: ['critical'], streams: ['other'] }, critical)).toBe(false);
  });
});

describe('backoff', () => {
  test('doubles up to five minutes, with full jitter', () => {
    expect([1, 2, 3, 9, 10, 50].map((failures) => backoffMs(failures, 0.999999))).toEqual([
      1000, 2000, 4000, 256_000, 300_000, 300_000,
    ]);
    expect(backoffMs(5, 0)).toBe(0);
    expect(backoffMs(5, 0.5)).toBe(8000);
  });

  test('never comes before Retry-After, and believes an hour of it at most', () => {
    expect(backoffMs(1, 0.5, 30_000)).toBe(30_500);
    expect(backoffMs(1, 0, 1e12)).toBe(3600_000);
  });
});

describe('the outbox', () => {
  test('keeps order, and what waits and is remembered outlives the store', async () => {
    await append('a', [firing('x'), firing('y'), resolved('x')]);
    await append('b', [firing('x')]);
    await outbox.settle('a', outbox.take('a', 1), new Map([['x', { ts: 1 }]]), now);
    expect([keys('a'), keys('b')]).toEqual([['y:firing', 'x:resolved'], ['x:firing']]);
    await store.close();

    store = await Store.open(dir);
    outbox = newOutbox(['a', 'b']);
    expect([outbox.pending('a'), outbox.pending('b')]).toEqual([2, 1]);
    expect([outbox.recall('a', 'x'), outbox.recall('b', 'x')]).toEqual([{ ts: 1 }, undefined]);
    await append('a', [firing('z')]);
    expect(keys('a')).toEqual(['y:firing', 'x:resolved', 'z:firing']);
  });

  test('what waited for a notifier that is no more is dropped, and said', async () => {
    await append('a', [firing('x'), resolved('x')]);
    await append('b', [firing('x')]);
    const orphans: unknown[] = [];
    outbox = newOutbox(['b'], undefined, orphans);
    expect(orphans).toEqual([['a', 2]]);
    expect(keys('b')).toEqual(['x:firing']);
  });

  test('what was remembered of an alert for a month without a word is forgotten', async () => {
    await outbox.settle('a', [], new Map([['x', 1]]), now);
    now += 31 * 24 * 3600_000;
    newOutbox(['a']);
    await store.begin().commit();
    await new Promise((done) => setTimeout(done, 20));
    expect(outbox.recall('a', 'x')).toBeUndefined();
  });

  test('full, it drops the oldest alerts that came and went, whole, and counts them', async () => {
    const small = newOutbox(['a'], 20);
    const brief = (id: string) => [firing(id), resolved(id)];
    await append('a', [firing('open'), ...brief('one'), firing('two'), resolved('told-before')], small);
    for (let n = 0; n < 7; n++) await append('a', brief(`later-${n}`), small);
    expect([small.pending('a'), small.dropped('a')]).toEqual([19, 0]);
    expect(await append('a', [firing('last'), firing('very-last')], small)).toBe(2);
    expect([small.pending('a'), small.dropped('a')]).toEqual([19, 2]);
    const left = keys('a', small);
    expect(left.slice(0, 3)).toEqual(['open:firing', 'two:firing', 'told-before:resolved']);
    expect(left).not.toContain('one:firing');
    expect(left.slice(-2)).toEqual(['last:firing', 'very-last:firing']);
  });

  test('full, and filled again before that is on the disk, it counts what waits as it is', async () => {
    const small = newOutbox(['a'], 20);
    for (let n = 0; n < 20; n++) await append('a', [firing(`old-${n}`)], small);
    const transaction = store.begin();
    const more = Array.from({ length: 10 }, (_, n) => firing(`new-${n}`));
    const dropped = small.append(transaction, 'a', more);
    // Nor is what was dropped told, though it lies there still.
    expect(keys('a', small)[0]).toBe(`old-${dropped}:firing`);
    await transaction.commit();
    expect([small.pending('a'), small.dropped('a')]).toEqual([keys('a', small).length, dropped]);
    expect(keys('a', small).length).toBeLessThanOrEqual(20);
  });

  test('full of what still fires, it drops the oldest, but not what is just being sent', async () => {
    const small = newOutbox(['a'], 10);
    await append(
      'a',
      Array.from({ length: 10 }, (_, n) => firing(`x${n}`)),
      small,
    );
    small.take('a', 2);
    expect(await append('a', [firing('new')], small)).toBe(1);
    expect(keys('a', small).slice(0, 3)).toEqual(['x0:firing', 'x1:firing', 'x3:firing']);
  });
});

/** Sends when it is told to. */
class FakeNotifier implements Notifier {
  readonly maxBatch: number;
  readonly sent: string[][] = [];
  readonly contexts: SendContext[] = [];
  repeatMs?: number;
  answer: (batch: readonly Transition[]) => Promise<Sent> = async () => ({});
  readonly repeated: string[][] = [];

  constructor(maxBatch = 1) {
    this.maxBatch = maxBatch;
  }

  send(batch: readonly Transition[], context: SendContext): Promise<Sent> {
    this.sent.push(batch.map(({ key }) => key));
    this.contexts.push(context);
    return this.answer(batch);
  }

  async repeat(all: readonly Transition[]): Promise<void> {
    this.repeated.push(all.map(({ key }) => key));
  }
}

function newQueue(notifier: Notifier, given: Partial<DeliveryQueueContext> = {}): DeliveryQueue {
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const clocks = { now: () => now, wallClock: () => now };
  return new DeliveryQueue({
    name: 'a',
    notifier,
    outbox,
    minIntervalMs: 0,
    ...clocks,
    random: () => 0.5,
    log,
    ...given,
  });
}

/** Lets what the queue has begun come to its end, as far as it can. */
async function settle(queue: DeliveryQueue): Promise<void> {
  queue.tick();
  await Promise.race([queue.settled(), new Promise((done) => setTimeout(done, 1000))]);
}

describe('a queue', () => {
  test('sends one after another, in order', async () => {
    const notifier = new FakeNotifier();
    let underway = 0;
    notifier.answer = async () => {
      expect(++underway).toBe(1);
      await new Promise((done) => setTimeout(done, 1));
      underway--;
      return {};
    };
    await append('a', [firing('x'), firing('y'), resolved('x')]);
    const queue = newQueue(notifier);
    queue.tick();
    await settle(queue);
    expect(notifier.sent).toEqual([['x:firing'], ['y:firing'], ['x:resolved']]);
    expect([outbox.pending('a'), queue.status.sent, queue.status.lastSuccessAt]).toEqual([0, 3, now]);
  });

  test('recipients that were refused are said, though others were told', async () => {
    const notifier = new FakeNotifier();
    notifier.answer = async () => ({ refusals: ['b@ops.test: answered 550 no'] });
    await append('a', [firing('x')]);
    const said: object[] = [];
    const log = { info: () => {}, warn: () => {}, error: (details: object) => said.push(details) };
    const queue = newQueue(notifier, { log });
    await settle(queue);
    expect(outbox.pending('a')).toBe(0);
    expect(queue.status).toMatchObject({
      sent: 1,
      failures: 1,
      failing: 0,
      lastError: { at: now, message: 'b@ops.test: answered 550 no' },
    });
    expect(said).toEqual([{ notifier: 'a', refusals: 'b@ops.test: answered 550 no' }]);
  });

  test('tries again after a failure, the same and first, later each time, and says how it stands', async () => {
    const notifier = new FakeNotifier();
    notifier.answer = () => Promise.reject(new DeliveryError('answered 500'));
    await append('a', [firing('x'), firing('y')]);
    const queue = newQueue(notifier);
    const waits: number[] = [];
    for (let failure = 0; failure < 4; failure++) {
      await settle(queue);
      waits.push((queue.status.nextAttemptAt ?? 0) - now);
      now += (waits.at(-1) ?? 0) - 1;
      await settle(queue);
      now += 1;
    }
    expect(waits).toEqual([500, 1000, 2000, 4000]);
    expect(notifier.sent).toEqual([['x:firing'], ['x:firing'], ['x:firing'], ['x:firing']]);
    expect(queue.status).toMatchObject({
      failures: 4,
      failing: 4,
      sent: 0,
      lastSuccessAt: null,
      lastError: { message: 'answered 500' },
    });
    notifier.answer = async () => ({});
    await settle(queue);
    expect(queue.status).toMatchObject({ failures: 4, failing: 0, sent: 2, nextAttemptAt: null });
  });

  test('what was told is not told again while the disk does not take that it was', async () => {
    const notifier = new FakeNotifier();
    await append('a', [firing('x'), firing('y')]);
    const queue = newQueue(notifier);
    const settleForSure = outbox.settle.bind(outbox);
    outbox.settle = () => Promise.reject(new Error('no space left on device'));
    for (let second = 0; second < 5; second++) await settle(queue);
    expect([notifier.sent, outbox.pending('a')]).toEqual([[['x:firing']], 2]);
    outbox.settle = settleForSure;
    await settle(queue);
    expect([notifier.sent, outbox.pending('a')]).toEqual([[['x:firing'], ['y:firing']], 0]);
    expect(queue.status.sent).toBe(2);
  });

  test('says to receivers what time it is by the machine, however far the clock of the hub is off', async () => {
    const notifier = new FakeNotifier();
    await append('a', [firing('x')]);
    await settle(newQueue(notifier, { wallClock: () => now + 3600_000 }));
    expect(notifier.contexts[0]?.now).toBe(now + 3600_000);
  });

  test('waits as long as the receiver asks', async () => {
    const notifier = new FakeNotifier();
    notifier.answer = () => Promise.reject(new DeliveryError('answered 429', { retryAfterMs: 60_000 }));
    await append('a', [firing('x')]);
    const queue = newQueue(notifier);
    await settle(queue);
    expect((queue.status.nextAttemptAt ?? 0) - now).toBe(60_500);
  });

  test('gives up what the receiver refuses for good, counts it, and goes on', async () => {
    const notifier = new FakeNotifier();
    notifier.answer = async ([first]) => {
      if (first?.key === 'x:firing') throw new DeliveryError('answered 400', { isFinal: true });
      return {};
    };
    await append('a', [firing('x'), resolved('x')]);
    const queue = newQueue(notifier);
    await settle(queue);
    expect(notifier.sent).toEqual([['x:firing'], ['x:resolved']]);
    expect(queue.status).toMatchObject({ givenUp: 1, sent: 1, failing: 0 });
  });

  test('with a minimum interval, what comes meanwhile waits and goes together', async () => {
    const notifier = new FakeNotifier(10);
    const queue = newQueue(notifier, { minIntervalMs: 60_000 });
    await append('a', [firing('x')]);
    await settle(queue);
    await append('a', [firing('y')]);
    now += 59_999;
    await append('a', [resolved('y'), resolved('x')]);
    await settle(queue);
    expect(notifier.sent).toEqual([['x:firing']]);
    now += 1;
    await settle(queue);
    expect(notifier.sent).toEqual([['x:firing'], ['y:firing', 'y:resolved', 'x:resolved']]);
    expect(queue.status.sent).toBe(4);
  });

  test('one whose receiver hangs holds up no other, and goes on after its time', async () => {
    const hanging = new FakeNotifier();
    hanging.answer = () => new Promise(() => {});
    const well = new FakeNotifier();
    await append('a', [firing('x')]);
    await append('b', [firing('x'), resolved('x')]);
    const queue = [newQueue(hanging, { timeoutMs: 100 }), newQueue(well, { name: 'b' })] as const;
    for (const each of queue) each.tick();
    await new Promise((done) => setTimeout(done, 50));
    expect([well.sent.length, outbox.pending('b'), outbox.pending('a')]).toEqual([2, 0, 1]);
    await new Promise((done) => setTimeout(done, 100));
    expect(hanging.contexts[0]?.signal.aborted).toBe(true);
    expect(queue[0].status.lastError?.message).toBe('no answer in time');
  });

  test('remembers what it is asked to, with the same transaction', async () => {
    const notifier = new FakeNotifier();
    notifier.answer = async ([first]) => ({
      remember: new Map([[first?.alert.id ?? '', first?.state === 'firing' ? 'ts-1' : undefined]]),
    });
    const queue = newQueue(notifier);
    await append('a', [firing('x')]);
    await settle(queue);
    expect(notifier.contexts[0]?.recall('x')).toBe('ts-1');
    await append('a', [resolved('x')]);
    await settle(queue);
    expect(outbox.recall('a', 'x')).toBeUndefined();
  });

  test('repeats what fires where the receiver would forget it', async () => {
    const notifier = new FakeNotifier();
    notifier.repeatMs = 60_000;
    notifier.answer = async ([first]) => ({
      remember: new Map([[first?.alert.id ?? '', first?.state === 'firing' ? first : undefined]]),
    });
    const queue = newQueue(notifier);
    await append('a', [firing('x'), firing('y'), resolved('x')]);
    await settle(queue);
    now += 60_000;
    await settle(queue);
    now += 59_999;
    await settle(queue);
    expect(notifier.repeated).toEqual([['y:firing'], ['y:firing']]);
  });

  test('drains what it can, without regard to the interval, but not a receiver that fails', async () => {
    const notifier = new FakeNotifier();
    const queue = newQueue(notifier, { minIntervalMs: 60_000 });
    await append('a', [firing('x')]);
    await settle(queue);
    await append('a', [firing('y'), resolved('x')]);
    await queue.drain(AbortSignal.timeout(1000));
    expect(notifier.sent.flat()).toEqual(['x:firing', 'y:firing', 'x:resolved']);

    const failing = new FakeNotifier();
    failing.answer = () => Promise.reject(new Error('no'));
    const second = newQueue(failing, { name: 'b' });
    await append('b', [firing('x'), firing('y')]);
    await settle(second);
    await second.drain(AbortSignal.timeout(1000));
    expect(failing.sent).toEqual([['x:firing']]);
    expect(outbox.pending('b')).toBe(2);
  });

  test('a drain ends at its time, whatever hangs', async () => {
    const notifier = new FakeNotifier();
    notifier.answer = () => new Promise(() => {});
    const queue = newQueue(notifier);
    await append('a', [firing('x')]);
    queue.tick();
    await queue.drain(AbortSignal.timeout(50));
    expect([outbox.pending('a'), queue.status.failures]).toEqual([1, 0]);
  });
});
