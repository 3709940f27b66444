import { alertsOf, worstOf } from '@auralis/client/dashboard/model/alerts';
import { catalogueOf } from '@auralis/client/dashboard/model/layout';
import { SCHEMAS } from '@auralis/shared';
import { expect, test } from '@jest/globals';
import { row } from './fake-feed.js';

const CATALOGUE = catalogueOf(SCHEMAS.alerts.columns);
const PENDING = 0;
const FIRING = 1;
const RESOLVED = 2;
const of = (...rows: ReturnType<typeof row>[]) => alertsOf(new Map(rows.map((each) => [each.key, each])), CATALOGUE);

test('the worst come first, then the oldest; silenced ones last, and they are not the worst', () => {
  const alerts = of(
    row('new', { state: FIRING, severity: 'error', since: 20 }),
    row('hush', { state: FIRING, severity: 'critical', since: 1, silenced: 1 }),
    row('old', { state: FIRING, severity: 'error', since: 10 }),
    row('mild', { state: FIRING, severity: 'warning', since: 1, silenced: 0 }),
    row('soon', { state: PENDING, severity: 'critical', since: 1 }),
    row('was', { state: RESOLVED, severity: 'critical', since: 1, resolved_at: 5 }),
    row('just', { state: RESOLVED, severity: 'info', since: 1, resolved_at: 9 }),
  );
  expect(alerts.firing.map(({ key }) => key)).toEqual(['old', 'new', 'mild', 'hush']);
  expect(alerts.resolved.map(({ key }) => key)).toEqual(['just', 'was']);
  expect(alerts.pending).toBe(1);
  expect(worstOf(alerts)).toEqual({ severity: 'error', count: 2 });
  expect(alerts.firing[3]).toMatchObject({ quiet: 'silenced' });
  expect(worstOf(of())).toBeNull();
});

test('what it is about is read from its scope, blanks and equals signs in a value too', () => {
  const [alert] = of(row('a', { state: FIRING, scope: 'stream=main connection=x7 name=Tesla T4 a=b' })).firing;
  expect([...(alert?.labels ?? [])]).toEqual([
    ['stream', 'main'],
    ['connection', 'x7'],
    ['name', 'Tesla T4'],
    ['a', 'b'],
  ]);
  expect(of(row('b', { state: FIRING, scope: '' })).firing[0]?.labels.size).toBe(0);
});

test('a severity that the page does not know is not played down', () => {
  expect(worstOf(of(row('a', { state: FIRING, severity: 'apocalypse' })))).toEqual({ severity: 'critical', count: 1 });
});

test('an alert that was raised by hand shows its stream, which its message need not name', () => {
  const { firing } = of(
    row('a', { state: FIRING, rule: 'manual', stream: 'main', scope: 'stream=main' }),
    row('b', { state: FIRING, rule: 'stream-drops', stream: 'main', scope: 'stream=main' }),
  );
  expect(firing.map(({ where }) => where)).toEqual(['main', '']);
});
