import { ListenerMailbox, type Sender } from '@auralis/server/ingest/mailbox';
import { CONNECTION } from '@auralis/server/state/tables';
import type { SocketHandler } from '@auralis/server/transport/transport';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { silentPeer } from '../../harness/peer.js';
import { clock, connect, makeRelay, publish, row, sweep, upgrade } from './relay-world.js';

const text = (metrics: object) => Buffer.from(JSON.stringify({ type: 'client_metrics', metrics }));
/** Long enough to wait. */
const reportOf = (lastSeq: number) =>
  text({ chunksReceived: 1, chunkErrors: 0, bufferUnderruns: 0, lastSeq, rttMs: 20 });

let time: number;
let taken: unknown[];
let faults: unknown[];
let mailbox: ListenerMailbox;
beforeEach(() => {
  time = 0;
  taken = [];
  faults = [];
  mailbox = new ListenerMailbox(
    () => time,
    (error) => faults.push(error),
  );
});

/** Notes when its messages came, and what they said. */
const reader = (name: string): Sender => ({
  handler: {
    prepare: () => {},
    take: () => {
      const { type } = mailbox.read();
      taken.push([name, mailbox.arrivedAt, type === 'client_metrics' ? mailbox.report.lastSeq : type]);
    },
  },
});

describe('a mailbox', () => {
  test('keeps messages until it is emptied, and gives them in their order with the times at which they came', () => {
    const [one, other] = [reader('one'), reader('other')];
    for (let seq = 0; seq < 6; seq++) {
      time = seq * 10;
      const metrics = {
        chunksReceived: 1,
        chunkErrors: 0,
        bufferUnderruns: 0,
        avgLatencyMs: 1.5,
        errorRate: 0,
        lastSeq: seq,
      };
      const packed = encode({ type: 'client_metrics', metrics });
      if (seq % 2 === 0) mailbox.put(one, reportOf(seq), false);
      else mailbox.put(other, packed, true);
    }
    expect(taken).toEqual([]);
    time = 1_000;
    mailbox.empty();
    expect(taken).toEqual([
      ['one', 0, 0],
      ['other', 10, 1],
      ['one', 20, 2],
      ['other', 30, 3],
      ['one', 40, 4],
      ['other', 50, 5],
    ]);
    mailbox.empty();
    expect(taken).toHaveLength(6);
  });

  test.each([
    ['of messages', 256, reportOf],
    ['of bytes', 32, (lastSeq: number) => text({ lastSeq, note: 'x'.repeat(4_000) })],
  ])('that is full %s is emptied, and goes on', (_, places, message) => {
    const one = reader('one');
    for (let seq = 0; seq < places; seq++) mailbox.put(one, message(seq), false);
    expect(taken).toHaveLength(0);
    mailbox.put(one, message(places), false);
    expect(taken).toHaveLength(places);
    mailbox.empty();
    expect(taken.map((each) => (each as [string, number, number])[2])).toEqual(
      Array.from({ length: places + 1 }, (_, at) => at),
    );
  });

  test('does not let a question wait, nor what came before it', () => {
    const one = reader('one');
    mailbox.put(one, reportOf(7), false);
    mailbox.put(reader('other'), Buffer.from('{"type":"clock_sync","t0":5}'), false);
    expect(taken).toEqual([
      ['one', 0, 7],
      ['other', 0, 'clock_sync'],
    ]);
  });

  test('reads a text of another form as it came', () => {
    const one = reader('one');
    mailbox.put(one, text({ chunksReceived: 1, lastSeq: 3, note: 'a field that nobody knows'.repeat(4) }), false);
    mailbox.put(one, Buffer.from(JSON.stringify({ metrics: { lastSeq: 4 }, type: 'client_metrics' }, null, 20)), false);
    mailbox.empty();
    expect(taken).toEqual([
      ['one', 0, 3],
      ['one', 0, 4],
    ]);
  });

  test('does not lose what waits to that of another hub in the same process', () => {
    const other = new ListenerMailbox(
      () => time,
      (error) => faults.push(error),
    );
    mailbox.put(reader('one'), reportOf(1), false);
    const said: unknown[] = [];
    const take = () => said.push(other.read().type, other.report.lastSeq);
    other.put({ handler: { prepare: () => {}, take } }, reportOf(2), false);
    mailbox.put(reader('one'), reportOf(3), false);
    mailbox.empty();
    other.empty();
    expect([taken, said]).toEqual([
      [
        ['one', 0, 1],
        ['one', 0, 3],
      ],
      ['client_metrics', 2],
    ]);
  });

  test('goes on where one cannot take its message, or asks for all that waits', () => {
    const fault = new Error('a fault of ours');
    const faulty = {
      handler: {
        prepare: () => {},
        take: () => {
          mailbox.empty();
          throw fault;
        },
      },
    };
    mailbox.put(reader('one'), reportOf(1), false);
    mailbox.put(faulty, reportOf(2), false);
    mailbox.put(reader('one'), reportOf(3), false);
    mailbox.empty();
    expect(taken).toEqual([
      ['one', 0, 1],
      ['one', 0, 3],
    ]);
    expect(faults).toEqual([fault]);
  });
});

describe('a listener whose messages wait', () => {
  const wait = ({ route, handler }: ReturnType<typeof connect>, metrics: object) =>
    route.mailbox?.put({ handler }, text({ note: 'x'.repeat(100), ...metrics }), false);

  const ask = ({ route: { mailbox }, handler }: ReturnType<typeof connect>, said: string) =>
    mailbox?.put({ handler }, Buffer.from(said), false);

  test('has said what it said before it went', () => {
    const listener = connect('listen');
    wait(listener, { chunksReceived: 5 });
    expect(row(0, 'reports')).toEqual([0]);
    listener.handler.onClose(listener.peer, 1000, false);
    expect(row(0, 'reports', 'chunks_received')).toEqual([1, 5]);
  });

  test('does not lose a chunk because its confirmation waits', () => {
    const engine = connect('publish');
    const listener = connect('listen');
    publish(engine, 1);
    listener.handler.onMessage(listener.peer, text({ lastSeq: 1 }), false);
    // It confirms all that it has, once a second: with more than four seconds outstanding it would lose chunks.
    publish(engine, 99, () => {
      if (clock.now % 1_000 === 0) wait(listener, { lastSeq: listener.peer.seqs.at(-1) ?? 0 });
    });
    expect(row(0, 'chunks_sent', 'chunks_dropped')).toEqual([100, 0]);
  });

  test('has its round trip measured from when the ping leaves, not from when the report came', () => {
    const listener = connect('listen');
    publish(connect('publish'), 1);
    // One that says what it has read is pinged right after a report.
    listener.handler.onMessage(listener.peer, text({ lastSeq: 1 }), false);
    for (let second = 0; second < 20 && listener.peer.pings.length === 0; second++) {
      clock.now += 1_000;
      sweep.run(clock.now);
      wait(listener, { lastSeq: 1 });
      clock.now += 40;
      // Somebody's question empties the mailbox.
      ask(listener, '{"type":"clock_sync","t0":5}');
    }
    const payload = listener.peer.pings.at(-1) as Uint8Array;
    expect(new DataView(payload.buffer, payload.byteOffset).getFloat64(0)).toBe(clock.now);
  });

  test('is not heard once the hub has closed it', () => {
    const listener = connect('listen');
    listener.peer.close(4003);
    wait(listener, { chunksReceived: 5 });
    listener.handler.onClose(listener.peer, 4003, false);
    expect(row(0, 'reports')).toEqual([0]);
  });
});

test('rows are the same whether messages wait or not', () => {
  const said = fc.record({
    listener: fc.nat(3),
    passes: fc.nat(900),
    isEmptied: fc.boolean(),
    metrics: fc.record(
      {
        chunksReceived: fc.nat(50),
        bufferUnderruns: fc.nat(3),
        avgLatencyMs: fc.nat(300),
        clockErrorMs: fc.nat(40),
        lastSeq: fc.nat(3),
        bufferDepthMs: fc.nat(1500),
        underrunDurationMs: fc.nat(2000),
        playbackState: fc.constantFrom('idle', 'playing', 'stalled'),
        hidden: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
  });
  fc.assert(
    fc.property(fc.array(said, { maxLength: 90 }), (story) => {
      const tell = (say: (world: World, handler: SocketHandler, data: Uint8Array, isEmptied: boolean) => void) => {
        clock.now = 1_000_000;
        const world = makeRelay(clock);
        const handlers = Array.from({ length: 4 }, (_, at) => upgrade(world.routes.listen, 'listen', `client=c${at}`));
        for (const handler of handlers) handler.onOpen(silentPeer);
        for (const { listener, passes, isEmptied, metrics } of story) {
          clock.now += passes;
          say(world, handlers[listener] as SocketHandler, text({ note: 'x'.repeat(100), ...metrics }), isEmptied);
        }
        world.messages.empty();
        return cellsOf(world);
      };
      const waiting = tell(({ routes, messages }, handler, data, isEmptied) => {
        routes.listen.mailbox?.put({ handler }, data, false);
        if (isEmptied) messages.empty();
      });
      expect(waiting).toEqual(tell((_, handler, data) => handler.onMessage(silentPeer, data, false)));
    }),
    { numRuns: 150 },
  );
});

type World = ReturnType<typeof makeRelay>;

const cellsOf = ({ tables }: World) =>
  Array.from({ length: 4 }, (_, slot) =>
    Object.values(CONNECTION).map((column) => tables.connections.get(slot, column)),
  );
