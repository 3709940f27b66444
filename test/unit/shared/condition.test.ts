import { MAX_CONDITION_CHARACTERS, parseCondition, SCHEMAS } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';

const parse = (text: string) => parseCondition(text, SCHEMAS.connections);

describe('a condition as people type it', () => {
  test.each([
    ['latency_ms>500', ['latency_ms', '>', 500]],
    ['  latency_ms  >=\t500  ', ['latency_ms', '>=', 500]],
    ['state==open', ['state', '=', 'open']],
    ['state!=open', ['state', '!=', 'open']],
    ['client contains bob', ['client', 'contains', 'bob']],
    ['client contains', ['client', 'contains', '']],
    ['id = a b  c ', ['id', '=', 'a b  c']],
    ['client=a=b', ['client', '=', 'a=b']],
    ['client=contains', ['client', '=', 'contains']],
  ] as const)('%s', (text, wanted) => {
    expect(parse(text)).toEqual(wanted);
  });

  test.each(['', '>5', 'latency_ms', 'client containsbob', 'client ~ bob', 'latency_ms 500'])('%s', (text) => {
    expect(() => parse(text)).toThrow(/^like latency_ms>500 or 'client contains bob', not "/);
  });

  test('is refused by its length before anything reads it', () => {
    const most = `client=${' '.repeat(MAX_CONDITION_CHARACTERS - 'client='.length)}`;
    expect(parse(most)).toEqual(['client', '=', '']);
    expect(() => parse(`${most} `)).toThrow('at most 1024 characters, not 1025');
  });
});
