import { FairQueue } from '@auralis/server/limits/fair-queue';
import { KeptAllowances } from '@auralis/server/limits/kept-allowances';
import { holdersOf, Places } from '@auralis/server/limits/places';
import { MAX_KEPT_ALLOWANCES } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

describe('places of one kind', () => {
  const places = () => new Places({ most: 100, sharePercent: 75 });
  const taken = (of: Places, count: number, ...holders: [string, string?]) => {
    for (let place = 0; place < count; place++) if (of.refusal(holders) === null) of.take(holders);
    return of.heldBy(holders[0]);
  };

  test('one address gets its share, and then no more', () => {
    const of = places();
    expect(taken(of, 200, '192.0.2.1')).toBe(75);
    expect(of.refusal(['192.0.2.1'])).toBe('share');
    expect(of.refusal(['192.0.2.2'])).toBeNull();
  });

  test('the last tenth is for addresses that hold none, however many others hold all the rest', () => {
    const of = places();
    taken(of, 200, '192.0.2.1');
    expect(taken(of, 200, '192.0.2.2')).toBe(15);
    expect(of.refusal(['192.0.2.2'])).toBe('full');
    for (let host = 3; host < 13; host++) expect(taken(of, 5, `192.0.2.${host}`)).toBe(1);
    expect(of.refusal(['192.0.2.99'])).toBe('full');
  });

  test('a token has a share of its own, whatever addresses bring it', () => {
    const of = places();
    for (let host = 0; host < 90; host++) taken(of, 1, `192.0.2.${host}`, 'token a');
    expect([of.taken, of.heldBy('token a')]).toEqual([75, 75]);
    expect(of.refusal(['192.0.2.200', 'token a'])).toBe('share');
    expect(of.refusal(['192.0.2.200', 'token b'])).toBeNull();
  });

  test('a place that is given back is free again, and nobody without a place is remembered', () => {
    const of = places();
    taken(of, 75, '192.0.2.1', 'token a');
    of.release(['192.0.2.1', 'token a']);
    expect([of.taken, of.refusal(['192.0.2.1', 'token a'])]).toEqual([74, null]);
    for (let place = 0; place < 74; place++) of.release(['192.0.2.1', 'token a']);
    expect([of.taken, of.heldBy('192.0.2.1'), of.heldBy('token a')]).toEqual([0, 0, 0]);
  });

  test('at 100 percent one address may have everything', () => {
    expect(taken(new Places({ most: 100, sharePercent: 100 }), 200, '192.0.2.1')).toBe(100);
  });

  test('of one place, one address may have it', () => {
    expect(taken(new Places({ most: 1, sharePercent: 75 }), 2, '192.0.2.1')).toBe(1);
  });
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::', 'fe80:0:0:0::/64'],
])('%s counts as %s', (address, network) => {
  expect(holdersOf(address)).toEqual([network]);
  expect(holdersOf(address, 'a')).toEqual([network, 'token a']);
});

describe('allowances that are kept', () => {
  test('go to one socket each, and last a minute', () => {
    const kept = new KeptAllowances<string>();
    kept.leave('a', 'first', 0);
    kept.leave('a', 'second', 1);
    expect([kept.take('b', 2), kept.take('a', 2), kept.take('a', 2), kept.take('a', 2)]).toEqual([
      null,
      'first',
      'second',
      null,
    ]);
    kept.leave('a', 'third', 10);
    expect([kept.take('a', 60_010), kept.size]).toEqual([null, 0]);
  });

  test('are bounded: an address that leaves too many loses its own', () => {
    const kept = new KeptAllowances<number>();
    kept.leave('a', -1, 0);
    for (let at = 0; at < 3 * MAX_KEPT_ALLOWANCES; at++) kept.leave('b', at, 1);
    expect([kept.size, kept.take('a', 2)]).toEqual([MAX_KEPT_ALLOWANCES, -1]);
  });
});

describe('a fair queue', () => {
  test('gives up the oldest of the owner with most', () => {
    const queue = new FairQueue<number>();
    for (let item = 0; item < 10; item++) queue.add(item < 3 ? 'few' : 'many', item);
    const gone = Array.from({ length: 5 }, () => {
      const victim = queue.victim() as number;
      queue.delete(victim);
      return victim;
    });
    expect(gone.slice(0, 4)).toEqual([3, 4, 5, 6]);
    expect([queue.size, queue.oldest()]).toEqual([5, gone[4] === 0 ? 1 : 0]);
  });

  test('is what a plain list says it is, whatever is added and deleted', () => {
    const step = fc.record({ owner: fc.constantFrom('a', 'b', 'c'), item: fc.nat(8), isDelete: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new FairQueue<number>();
        let list: { owner: string; item: number }[] = [];
        for (const { owner, item, isDelete } of steps) {
          if (isDelete) {
            queue.delete(item);
            list = list.filter((each) => each.item !== item);
          } else if (!list.some((each) => each.item === item)) {
            queue.add(owner, item);
            list.push({ owner, item });
          }
          const of = (name: string) => list.filter((each) => each.owner === name);
          const most = Math.max(0, ...['a', 'b', 'c'].map((name) => of(name).length));
          expect([queue.size, queue.oldest()]).toEqual([list.length, list[0]?.item]);
          for (const name of ['a', 'b', 'c']) expect(queue.oldestOf(name)).toBe(of(name)[0]?.item);
          const victim = list.find((each) => each.item === queue.victim());
          expect(victim === undefined ? 0 : of(victim.owner).length).toBe(most);
          expect(queue.victim()).toBe(victim === undefined ? undefined : of(victim.owner)[0]?.item);
        }
      }),
    );
  });
});
