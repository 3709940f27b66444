import { Outstanding } from '@auralis/server/listeners/outstanding';
import { RecentChunks } from '@auralis/server/listeners/recent-chunks';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

function outstanding(seq: number): Outstanding {
  return new Outstanding(seq);
}

describe('Outstanding', () => {
  test('counts what was sent and not confirmed, without what was dropped between', () => {
    const chunks = new RecentChunks();
    const account = outstanding(10);
    for (let seq = 11; seq <= 20; seq++) {
      chunks.push(seq, 100, seq * 1000);
      if (seq >= 14 && seq <= 16) account.dropped(seq);
      else account.sent(seq, 100);
    }
    expect([account.chunks, account.ms]).toEqual([7, 700]);
    expect(account.confirm(13, chunks)).toBe(true);
    expect([account.chunks, account.ms]).toEqual([4, 400]);
    expect(account.confirm(17, chunks)).toBe(true);
    expect([account.chunks, account.ms]).toEqual([3, 300]);
    expect(account.confirm(12, chunks)).toBe(true);
    expect(account.chunks).toBe(3);
    expect(account.confirm(20, chunks)).toBe(true);
    expect([account.chunks, account.ms]).toEqual([0, 0]);
  });

  test('a chunk that was never sent confirms nothing', () => {
    const chunks = new RecentChunks();
    const account = outstanding(0);
    chunks.push(1, 100, 1000);
    account.sent(1, 100);
    expect(account.confirm(2, chunks)).toBe(false);
    expect(account.chunks).toBe(1);
  });

  test('is exact again after a confirmation of more chunks than are remembered', () => {
    const chunks = new RecentChunks();
    const account = outstanding(0);
    const msOf = (seq: number) => (seq < 2_000 ? 20 : 60) + (seq % 7);
    const isDropped = (seq: number) => seq % 100 >= 95 || (seq >= 1_970 && seq < 1_985);
    for (let seq = 1; seq <= 3_000; seq++) {
      chunks.push(seq, msOf(seq), seq * 1000);
      if (isDropped(seq)) account.dropped(seq);
      else account.sent(seq, msOf(seq));
    }
    const pending = (after: number) => {
      const seqs = Array.from({ length: 3_000 - after }, (_, at) => after + 1 + at).filter((seq) => !isDropped(seq));
      return [seqs.length, seqs.reduce((sum, seq) => sum + msOf(seq), 0)];
    };
    account.confirm(50, chunks);
    expect(account.chunks).toBe(pending(50)[0]);
    for (const seq of [1_975, 2_990, 2_994]) {
      account.confirm(seq, chunks);
      expect([account.chunks, account.ms]).toEqual(pending(seq));
    }
  });

  test('property: it agrees with a list of the chunks themselves', () => {
    const step = fc.record({
      send: fc.boolean(),
      ms: fc.integer({ min: 1, max: 200 }),
      confirmBack: fc.option(fc.nat(30), { freq: 4 }),
    });
    fc.assert(
      fc.property(fc.nat(1000), fc.array(step, { maxLength: 300 }), (joinedAt, steps) => {
        const chunks = new RecentChunks();
        const account = outstanding(joinedAt);
        let pending: { seq: number; ms: number }[] = [];
        let seq = joinedAt;
        let lastSent = joinedAt;
        for (const { send, ms, confirmBack } of steps) {
          chunks.push(++seq, ms, 0);
          if (send) {
            account.sent(seq, ms);
            pending.push({ seq, ms });
            lastSent = seq;
          } else account.dropped(seq);
          if (confirmBack !== null) {
            const confirmed = Math.max(joinedAt, lastSent - confirmBack);
            expect(account.confirm(confirmed, chunks)).toBe(true);
            pending = pending.filter((chunk) => chunk.seq > confirmed);
          }
          expect(account.chunks).toBe(pending.length);
          expect(account.ms).toBe(pending.reduce((sum, chunk) => sum + chunk.ms, 0));
        }
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});

test('RecentChunks knows when the last 1,024 chunks were sent, and says of no other that it does', () => {
  const chunks = new RecentChunks();
  for (let seq = 1; seq <= 3_000; seq++) chunks.push(seq, 100, seq * 1000);
  expect([chunks.sentAt(3_000), chunks.sentAt(1_977)]).toEqual([3_000_000, 1_977_000]);
  for (const seq of [1_976, 3_001, 0, -5]) expect(chunks.sentAt(seq)).toBe(Number.NEGATIVE_INFINITY);
});
