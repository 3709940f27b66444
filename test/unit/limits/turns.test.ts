import { Turns } from '@auralis/server/limits/turns';
import { expect, test } from '@jest/globals';

test('addresses take turns, then their sockets, and the items of a socket keep their order', () => {
  const turns = new Turns<string, string>();
  for (const item of ['a1', 'a2', 'a3', 'b1', 'c1']) turns.add('flood', item[0] as string, item);
  turns.add('honest', 'd', 'd1');
  turns.add('honest', 'd', 'd1');
  expect(turns.size).toBe(6);
  const order = Array.from({ length: 7 }, () => turns.next());
  expect(order).toEqual(['a1', 'd1', 'b1', 'c1', 'a2', 'a3', undefined]);
  expect(turns.size).toBe(0);
});
