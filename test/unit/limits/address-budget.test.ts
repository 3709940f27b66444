import { AddressBudget, addressGroup } from '@auralis/server/limits/address-budget';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';

test('refuses what exceeds the limit of an address, and takes nothing then', () => {
  const budget = new AddressBudget({ perAddress: 10, total: 100 });
  expect([budget.take('a', 7), budget.take('a', 4), budget.take('b', 4), budget.take('a', 3)]).toEqual([
    null,
    'perAddress',
    null,
    null,
  ]);
  expect([budget.held('a'), budget.held('b'), budget.held('c'), budget.total]).toEqual([10, 4, 0, 14]);
});

test('refuses what exceeds the total, and grants it when others have given back', () => {
  const budget = new AddressBudget({ perAddress: 2, total: 3 });
  expect(['a', 'a', 'b', 'c'].map((address) => budget.take(address))).toEqual([null, null, null, 'total']);
  budget.give('a');
  expect([budget.take('c'), budget.take('a')]).toEqual([null, 'total']);
});

test('holds exactly what was taken and not given back', () => {
  const step = fc.record({ address: fc.constantFrom('a', 'b', '::1'), amount: fc.nat(5), gives: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const budget = new AddressBudget({ perAddress: 20, total: 40 });
      const held: { address: string; amount: number }[] = [];
      for (const { address, amount, gives } of steps) {
        if (gives) {
          const back = held.pop();
          if (back !== undefined) budget.give(back.address, back.amount);
        } else if (budget.take(address, amount) === null) held.push({ address, amount });
      }
      const sum = (address?: string) =>
        held.reduce((all, each) => all + (address === undefined || address === each.address ? each.amount : 0), 0);
      expect(['a', 'b', '::1'].map((address) => budget.held(address))).toEqual(['a', 'b', '::1'].map(sum));
      expect(budget.total).toBe(sum());
    }),
  );
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['', ''],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:0:1:2:3:4:5', '2001:db8:0:1::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['1::2:3:4:5:6:7', '1:0:2:3::/64'],
])('%s counts as %s', (address, group) => {
  expect(addressGroup(address)).toBe(group);
});
