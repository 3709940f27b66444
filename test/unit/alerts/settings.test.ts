import { readFileSync } from 'node:fs';
import { readAlertSettings } from '@auralis/server/alerts/alert-settings';
import { BUILT_IN_RULES } from '@auralis/server/alerts/built-in-rules';
import { byName, within } from '@auralis/server/config/place';
import { ConfigError } from '@auralis/server/hub/config';
import { describe, expect, test } from '@jest/globals';
import { ROOT } from '../../harness/hub.js';

const read = (found: unknown) => readAlertSettings(found, within(byName, 'alerts')).rules;
const rule = (given: object) => read({ builtIn: false, rules: [given] })[0];
const OWN = { name: 'few', table: 'streams', column: 'active_connections', below: 10 };

test('without a section there are the built-in rules', () => {
  const names = BUILT_IN_RULES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const none of [undefined, null, {}]) expect(read(none).map(({ name }) => name)).toEqual(names);
});

test('each of them stands in the documentation, and no other', () => {
  const page = readFileSync(`${ROOT}docs/alerts.md`, 'utf8');
  const table = /## Rules\n(.*?)\n## /s.exec(page)?.[1]?.match(/^\| `.*?\|/gm) ?? [];
  const named = table.flatMap((line) => [...line.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name));
  expect(named.sort()).toEqual(BUILT_IN_RULES.map(({ name }) => name).sort());
});

test('a rule of a built-in name changes what it says and leaves the rest', () => {
  const changed = read({ rules: [{ name: 'synthesis-slow', above: 1500, severity: 'critical' }] });
  expect(changed).toHaveLength(BUILT_IN_RULES.length);
  expect(changed.find(({ name }) => name === 'synthesis-slow')).toMatchObject({
    table: 'engines',
    title: 'Synthesis slow',
    severity: 'critical',
    condition: { kind: 'above', bound: 1500, clear: 1350 },
  });
});

test('one can be left out, or all of them', () => {
  const without = read({ rules: [{ name: 'host-disk', enabled: false }] });
  expect(without.map(({ name }) => name)).not.toContain('host-disk');
  expect(without).toHaveLength(BUILT_IN_RULES.length - 1);
  expect(read({ builtIn: false })).toEqual([]);
});

test('one of your own is added, with sensible values for what it leaves out', () => {
  expect(rule(OWN)).toMatchObject({
    name: 'few',
    title: 'few',
    severity: 'warning',
    groupBy: 'row',
    forS: 5,
    clearForS: 10,
    refireAfterS: 60,
    condition: { kind: 'below', bound: 10, clear: 11 },
    needsTrust: false,
  });
});

test.each([
  ['10 % inside', { table: 'engines', column: 'real_time_factor', below: 5 }, 5.5],
  ['never better than the target', { table: 'engines', column: 'phrase_queue_depth', below: 1 }, 1],
  ['at a bound of 0', { table: 'engines', column: 'peak_amplitude_db', above: 0 }, 0],
  ['of a negative bound', { table: 'engines', column: 'peak_measured_db', above: -20 }, -22],
  ['as given', { table: 'engines', column: 'real_time_factor', below: 5, clear: 8 }, 8],
])('it clears %s', (_, given, clear) => {
  expect(rule({ name: 'x', ...given })?.condition).toMatchObject({ clear });
});

test('what a listener says of itself needs trust, whichever way a rule looks at it', () => {
  const needsTrust = (given: object) => rule({ name: 'x', table: 'connections', ...given })?.needsTrust;
  expect(needsTrust({ column: 'buffer_depth_ms', below: 50 })).toBe(true);
  expect(needsTrust({ column: 'time_to_gap_ms', below: 50 })).toBe(true);
  expect(needsTrust({ column: 'dropped_per_min', above: 10, while: ['playback_state = playing'] })).toBe(true);
  expect(needsTrust({ column: 'dropped_per_min', above: 10, while: ['stream.publishing = yes'] })).toBe(false);
  expect(needsTrust({ column: 'rtt_ms', above: 10 })).toBe(false);
});

describe('refused, naming the place, what was found and what is allowed', () => {
  const one = (given: object) => ({ rules: [given] });
  test.each<[string, unknown, string]>([
    ['a section that is no map', [], 'alerts: a map, not a list'],
    ['an unknown key of the section', { rule: [] }, 'alerts.rule: unknown; known are builtIn, rules'],
    ['rules that are no list', { rules: 3 }, 'alerts.rules: a list, not 3'],
    ['a rule without a name', one({}), 'alerts.rules[0].name: text, not nothing'],
    [
      'a name with a space',
      one({ ...OWN, name: 'a b' }),
      'alerts.rules[0].name: a name of 1 to 64 of A–Z a–z 0–9 . _ -, not "a b"',
    ],
    ['the name of alerts by hand', one({ ...OWN, name: 'manual' }), 'alerts.rules[0].name: a name other than "manual"'],
    [
      'an unknown key',
      { rules: [OWN, { ...OWN, name: 'b', fr: 3 }] },
      'alerts.rules[1].fr: unknown; known are name, enabled, title',
    ],
    ['a second rule of a name', { rules: [OWN, OWN] }, 'alerts.rules[1].name: a second rule of the name few'],
    [
      'a name that no built-in rule has',
      one({ name: 'sythesis-slow', above: 3 }),
      'alerts.rules[0].table: is needed, for there is no built-in rule of the name sythesis-slow; those are synthesis-slow,',
    ],
    [
      'an unknown table',
      one({ ...OWN, table: 'stream' }),
      'alerts.rules[0].table: one of hubs, streams, connections, engines, hosts, gpus, alerts, not "stream"',
    ],
    [
      'an unknown column',
      one({ ...OWN, column: 'listeners' }),
      'alerts.rules[0].column: streams has no column "listeners"; it has active_connections, publishing',
    ],
    [
      'an unknown severity',
      one({ ...OWN, severity: 'fatal' }),
      'alerts.rules[0].severity: one of info, warning, error, critical, not "fatal"',
    ],
    ['a level that is text', one({ ...OWN, below: 'ten' }), 'alerts.rules[0].below: a number, not "ten"'],
    [
      'no condition',
      one({ ...OWN, below: undefined }),
      'alerts.rules[0]: one of above, below, is, absent is needed, not none of them',
    ],
    [
      'two conditions',
      one({ ...OWN, above: 3 }),
      'alerts.rules[0]: one of above, below, is, absent is needed, not above and below',
    ],
    [
      'a level that clears as it fires',
      one({ ...OWN, clear: 9 }),
      'alerts.rules[0].clear: at least 10, where it fires, not 9',
    ],
    [
      'a level of an enumeration',
      one({ ...OWN, column: 'publishing' }),
      'alerts.rules[0].below: publishing is an enumeration: use is',
    ],
    [
      'a label of a number',
      one({ ...OWN, below: undefined, is: 'yes' }),
      'alerts.rules[0].is: active_connections is a number: use above or below',
    ],
    [
      'a label that there is not',
      one({ ...OWN, column: 'publishing', below: undefined, is: ['maybe'] }),
      'alerts.rules[0].is: one of no, yes, not "maybe"',
    ],
    [
      'a window of what is no counter',
      one({ ...OWN, windowS: 60 }),
      'alerts.rules[0].windowS: active_connections is no counter',
    ],
    [
      'a window of absence',
      one({ ...OWN, below: undefined, absent: true, windowS: 60 }),
      'alerts.rules[0].windowS: how much a counter rises',
    ],
    [
      'a condition that is none',
      one({ ...OWN, while: ['publishing'] }),
      'alerts.rules[0].while[0]: like latency_ms>500',
    ],
    [
      'a condition on an unknown column',
      one({ ...OWN, while: ['id = main', 'live = yes'] }),
      'alerts.rules[0].while[1]: streams has no column "live"',
    ],
    [
      'a condition on the stream of no row',
      one({ ...OWN, unless: ['stream.publishing = no'] }),
      'alerts.rules[0].unless[0]: stream.: rows of connections and engines belong to a stream, not streams',
    ],
    [
      'a label in a condition',
      one({ ...OWN, while: ['publishing = on'] }),
      'alerts.rules[0].while[0]: publishing is compared with a number or one of no, yes, not "on"',
    ],
    [
      'a group of no attribute',
      one({ ...OWN, groupBy: 'stream' }),
      'alerts.rules[0].groupBy: row, all or an attribute of streams (it has none), not "stream"',
    ],
    [
      'a column to stand in for',
      one({ ...OWN, insteadOf: 'gpus' }),
      'alerts.rules[0].insteadOf: table.column, such as gpus.memory_used_mb, not "gpus"',
    ],
    ['a time below 0', one({ ...OWN, forS: -1 }), 'alerts.rules[0].forS: 0 or more, not -1'],
    [
      'a time of more than a day',
      one({ ...OWN, clearForS: 1e6 }),
      'alerts.rules[0].clearForS: 86400 or less, not 1000000',
    ],
    ['a window of half a second', one({ ...OWN, windowS: 0.5 }), 'alerts.rules[0].windowS: a whole number, not 0.5'],
    [
      'absence that is not',
      one({ ...OWN, below: undefined, absent: false }),
      'alerts.rules[0].absent: true, not false',
    ],
    ['too many rules', { rules: Array(201).fill(OWN) }, 'alerts.rules: 200 at most'],
  ])('%s', (_, found, message) => {
    expect(() => read(found)).toThrow(ConfigError);
    expect(() => read(found)).toThrow(message);
  });
});
