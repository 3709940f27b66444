import { SEND } from '@auralis/server/transport/transport';
import { describe, expect, test } from '@jest/globals';
import { connect, hub, publish, report, row } from './world.js';

/** More than two batches of listeners, none of which fills its last. */
const LISTENERS = 41;
const CHUNKS = 30;

describe('a chunk on its way to many listeners', () => {
  test('each that is on its way is booked for the one that it was sent to, whoever drops his in between', () => {
    const engine = connect('publish');
    const listeners = Array.from({ length: LISTENERS }, () => connect('listen'));
    const kindOf = (at: number) => (['well', 'full', 'queued', 'closing', 'behind'] as const)[at % 5];
    for (const [at, { peer }] of listeners.entries()) {
      if (kindOf(at) === 'full') peer.status = SEND.DROPPED;
      if (kindOf(at) === 'queued') Object.assign(peer, { status: SEND.QUEUED, waiting: 100 });
      if (kindOf(at) === 'closing') peer.close(1000);
    }
    publish(engine, 1);
    for (const [at, listener] of listeners.entries()) if (kindOf(at) === 'behind') report(listener, { lastSeq: 1 });
    // From now on those confirm nothing: three chunks of 1 s and a report's interval, and they are too far behind
    // for more.
    publish(engine, CHUNKS - 1, undefined, 100, 1_000);
    const all = Array.from({ length: CHUNKS }, (_, at) => at + 1);
    let sent = 0;
    for (const [at, { peer }] of listeners.entries()) {
      const expected = { well: all, full: [], queued: all, closing: [], behind: all.slice(0, 6) }[kindOf(at) as 'well'];
      expect([at, ...peer.seqs]).toEqual([at, ...expected]);
      expect([at, ...row(at, 'chunks_sent', 'chunks_dropped')]).toEqual([
        at,
        expected.length,
        CHUNKS - expected.length,
      ]);
      sent += expected.length;
    }
    expect([hub('chunks_sent'), hub('chunks_dropped')]).toEqual([sent, LISTENERS * CHUNKS - sent]);
  });

  test('is offered to nobody who came or went in between', () => {
    const engine = connect('publish');
    const listeners = Array.from({ length: LISTENERS }, () => connect('listen'));
    publish(engine, 1);
    const [first, ...others] = listeners;
    first?.handler.onClose(first.peer, 1000, false);
    const late = connect('listen');
    publish(engine, 1);
    expect(first?.peer.seqs).toEqual([1]);
    expect(late.peer.seqs).toEqual([2]);
    for (const { peer } of others) expect(peer.seqs).toEqual([1, 2]);
  });
});
