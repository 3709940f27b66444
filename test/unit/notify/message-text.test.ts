import { fold, headline, summary } from '@auralis/server/notify/message-text';
import { expect, test } from '@jest/globals';
import { firing, resolved } from './world.js';

test('of several the worst that fires is named, and of equal ones the first', () => {
  const told = fold([
    firing('a', { severity: 'warning' }),
    firing('b'),
    firing('c'),
    firing('d', { severity: 'critical' }),
    resolved('d', { severity: 'critical' }),
  ]);
  expect(summary(told)).toBe('4 alerts: 3 firing, 1 over; ERROR: Title of b (main)');
  expect(summary(fold([resolved('a'), resolved('b')]))).toBe('2 alerts: 0 firing, 2 over');
});

test('an alert that is of no stream names none', () => {
  const [told] = fold([firing('a', { labels: { hub: 'h' } })]);
  expect(told && headline(told)).toBe('ERROR: Title of a');
});
