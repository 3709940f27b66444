import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { EVERY_KEY, REBUFFERING, SESSION, VERSION_1 } from '../../harness/cmcd.js';
import { ExternalWorld } from './world.js';

const line = (fields: string) => `cid="main",sid="s",v=2${fields === '' ? '' : `,${fields}`}`;

describe('a player that speaks CMCD is a connection', () => {
  test('over a session of CTA-5004-B’s own example', () => {
    const world = new ExternalWorld();
    const states: unknown[] = [];
    for (const each of SESSION) {
      expect(world.player(null, each)).toEqual([]);
      world.pass(30);
      const row = world.row('main~session-id-123');
      states.push([row?.playback_state, row?.buffer_depth_ms, row?.buffer_underruns, row?.state]);
    }
    expect(states).toEqual([
      ['starting', 0, null, 'open'],
      ['playing', 6000, null, 'open'],
      ['playing', 3200, 1, 'open'],
      ['playing', 6000, 1, 'open'],
      ['ended', 0, 1, 'open'],
    ]);
    expect(world.row('main~session-id-123')).toMatchObject({
      stream: 'main',
      bitrate_kbps: 256,
      measured_throughput_kbps: 55_000,
      startup_ms: 812,
      underrun_duration_ms: 720,
      player_errors: 1,
      reports: 5,
      chunks_sent: null,
    });
    expect(world.stream('active_connections')).toBe(1);
    expect(world.summary.current_active_clients).toBe(1);
  });

  test('every key: what has a column is in it, of audio where it says so; the rest is counted', () => {
    const world = new ExternalWorld();
    world.player(null, EVERY_KEY);
    expect(world.row('main~session-id-123')).toMatchObject({
      buffer_depth_ms: 1800,
      bitrate_kbps: 164,
      measured_throughput_kbps: 6000,
      requested_throughput_kbps: 12_000,
      latency_ms: 13_500,
      startup_ms: 1700,
      buffer_underruns: 3,
      underrun_duration_ms: 300,
      player_errors: 1,
      playback_state: 'playing',
      hidden: 'hidden',
      clock: 'unsynced',
    });
    // cs d dfa dl lb nor nr ot pb pr pt sf st su tb tbl tpb
    expect(world.hub('fields_ignored')).toBe(17);
  });

  test('its tokens leave nothing in the registry of symbols, which is never emptied', () => {
    const world = new ExternalWorld();
    const registry = jest.spyOn(Symbol, 'for');
    world.player(null, line('sta=p,ot=a,cs=stranger,br=(1;stranger)'));
    const kept = registry.mock.calls.length;
    registry.mockRestore();
    expect(kept).toBe(0);
    expect(world.row('main~s')?.playback_state).toBe('playing');
  });

  test('of version 1', () => {
    const world = new ExternalWorld();
    expect(world.player(null, VERSION_1)).toEqual([]);
    expect(world.row('main~6e2fb550-c457-11e9-bb97-0800200c9a66')).toMatchObject({
      buffer_depth_ms: 21_300,
      bitrate_kbps: 3200,
      measured_throughput_kbps: 48_100,
      requested_throughput_kbps: 15_000,
      buffer_underruns: 1,
      playback_state: null,
    });
  });

  test('its latency is never synced, and enters no stream’s', () => {
    const world = new ExternalWorld();
    world.player(null, line('ltc=3000,sta=p'));
    world.pass(1);
    expect(world.row('main~s')).toMatchObject({ latency_ms: 3000, clock: 'unsynced', trust: 'unsynced', status: 'ok' });
    expect(world.stream('latency_p50_ms')).toBeNaN();
  });

  test('half a minute of buffer is what a player of segments keeps: it is well', () => {
    const world = new ExternalWorld();
    world.player(null, line('bl=34000,sta=p'));
    world.pass(1);
    expect(world.row('main~s')).toMatchObject({ buffer_depth_ms: 34_000, status: 'ok' });
  });

  test('a starvation that is told as it begins and as it ends is one, and critical while it lasts', () => {
    const world = new ExternalWorld();
    world.player(null, REBUFFERING[0] as string);
    world.pass(1);
    expect(world.row('main~session-id-123')).toMatchObject({ buffer_underruns: 1, status_reason: 'rebuffering' });
    world.player(null, REBUFFERING[1] as string);
    expect(world.row('main~session-id-123')).toMatchObject({ buffer_underruns: 1, underrun_duration_ms: 1500 });
    world.player(null, 'bs,cid="main",e=t,sid="session-id-123",sta=p,ts=1764269162389,v=2');
    expect(world.row('main~session-id-123')?.buffer_underruns).toBe(2);
  });

  test('a state of rebuffering is a starvation, and an event of an error an error, where a player says no more', () => {
    const world = new ExternalWorld();
    const states = ['sta=s', 'sta=p', 'sta=r', 'e=t,sta=r', 'sta=p', 'sta=r'];
    world.player(null, ...states.map(line), line('e=e'), line('e=e,ec=("1" "2")'));
    expect(world.row('main~s')).toMatchObject({ buffer_underruns: 2, player_errors: 3 });
  });

  test('is hidden as long as it says so, which it does by saying nothing else', () => {
    const world = new ExternalWorld();
    const hidden = (fields: string) => {
      world.player(null, line(fields));
      world.pass(1);
      return [world.row('main~s')?.hidden, world.row('main~s')?.trust];
    };
    expect(hidden('')).toEqual([null, 'trusted']);
    expect(hidden('bg')).toEqual(['hidden', 'hidden']);
    expect(hidden('')).toEqual(['visible', 'trusted']);
    expect(hidden('bg=?0')).toEqual(['visible', 'trusted']);
  });

  test.each([
    ['s', 'starting'],
    ['p', 'playing'],
    ['k', 'starting'],
    ['r', 'stalled'],
    ['a', 'paused'],
    ['w', 'idle'],
    ['e', 'ended'],
    ['f', 'ended'],
    ['d', 'starting'],
  ])('state %s is %s', (sta, state) => {
    const world = new ExternalWorld();
    world.player(null, line(`sta=${sta}`));
    expect(world.row('main~s')?.playback_state).toBe(state);
  });

  test('that quits is closed; one that says nothing is stale after three of its intervals, and closed after 120 s', () => {
    const world = new ExternalWorld();
    world.player(null, line('sta=p'));
    world.pass(90);
    expect(world.row('main~s')).toMatchObject({ state: 'open', status: 'ok' });
    world.pass(1);
    expect(world.row('main~s')).toMatchObject({ state: 'stale', status_reason: 'stale' });
    world.pass(30);
    expect(world.row('main~s')).toMatchObject({ state: 'closed', reason: 'no report' });
    world.player(null, line('sta=p'), line('e=ps,sta=q'));
    expect(world.row('main~s')).toMatchObject({ state: 'closed', reason: 'quit', playback_state: 'ended' });
  });

  test('a report that is sent again is not taken again; a session that begins anew is', () => {
    const world = new ExternalWorld();
    const batch = [line('bs,ec=("1"),sn=7,ts=1000'), line('bs,ec=("2"),sn=8,ts=2000')];
    expect([world.player(null, ...batch), world.player(null, ...batch)]).toEqual([[], []]);
    expect(world.row('main~s')).toMatchObject({ buffer_underruns: 2, player_errors: 2, reports: 2 });
    world.player(null, line('bs,sn=0,ts=3000'));
    expect(world.row('main~s')?.buffer_underruns).toBe(3);
  });

  test('?stream= goes before its content, of which a session may play several', () => {
    const world = new ExternalWorld();
    world.player('radio', 'cid="song 1",sid="s"', 'cid="ad/2",sid="s"', 'sid="s"');
    expect(world.row('radio~s')?.reports).toBe(3);
    expect(world.tables.connections.size).toBe(1);
  });

  test('its address is that of who sent its first record', () => {
    const world = new ExternalWorld();
    world.records([line('')], null, '192.0.2.7');
    world.records([line('')], null, '192.0.2.8');
    expect(world.row('main~s')?.address).toBe('192.0.2.7');
  });
});

describe('a field of a wrong type costs no more than that field', () => {
  const rest = 'bl=(1800),sta=p,com.example-x=1';
  const taken = (field: string) => {
    const world = new ExternalWorld();
    expect(world.player(null, line(`${field},${rest}`))).toEqual([]);
    return { row: world.row('main~s'), ignored: world.hub('fields_ignored') - 1 };
  };

  test.each([
    ['ec=27', { player_errors: 1 }],
    ['ec=(27 "x")', { player_errors: 2 }],
    ['ec="27"', { player_errors: 1 }],
    ['ec=MEDIA_ERR', { player_errors: 1 }],
    ['br="256"', { bitrate_kbps: 256 }],
    ['bsa=("3")', { buffer_underruns: 3 }],
    ['bs=1', { buffer_underruns: 1 }],
    ['bg="true"', { hidden: 'hidden' }],
  ])('%s is taken for what it means', (field, readings) => {
    const { row, ignored } = taken(field);
    expect(row).toMatchObject({ ...readings, buffer_depth_ms: 1800, playback_state: 'playing' });
    expect(ignored).toBe(0);
  });

  test.each([
    'ec=?1',
    'ltc="fast"',
    'msd=?1',
    'br=()',
    'bsa=-1',
    'bsd=(100 "x")',
    'bs="x"',
    'bg=2',
    'v=3',
    'sn="x"',
    'ts=:AAAA:',
  ])('%s is ignored and counted', (field) => {
    const { row, ignored } = taken(field);
    expect(row).toMatchObject({ buffer_depth_ms: 1800, playback_state: 'playing', underrun_duration_ms: null });
    expect(ignored).toBe(1);
  });

  test.each(['sta=x', 'sta=constructor', 'sta=7'])('%s, an unknown label, is missing and counted', (field) => {
    const world = new ExternalWorld();
    expect(world.player(null, line(`${field},bl=(1800)`))).toEqual([]);
    expect(world.row('main~s')).toMatchObject({ buffer_depth_ms: 1800, playback_state: null });
    expect(world.hub('fields_ignored')).toBe(1);
  });

  test('a session or content that is a number is its digits', () => {
    const world = new ExternalWorld();
    expect(world.player(null, 'sid=7,cid=12,bl=(5)')).toEqual([]);
    expect(world.row('12~7')?.buffer_depth_ms).toBe(5);
  });
});

describe('a bad record is refused with its line; the others are taken', () => {
  test.each([
    ['', 'bad_value sid: a text of 1 to 128 visible characters, not nothing'],
    ['cid="main",sid="s', 'bad_message a record is a structured field of RFC 8941, not "cid=\\"main\\",sid=\\"s"'],
    ['bl=(1,2),sid="s"', 'bad_message a record is a structured field of RFC 8941, not "bl=(1,2),sid=\\"s\\""'],
    ['__proto__=1,sid="s"', 'bad_message a record is a structured field of RFC 8941, not "__proto__=1,sid=\\"s\\""'],
    ['sid=:AAAA:,cid="main"', 'bad_value sid: a text of 1 to 128 visible characters, not'],
    ['sid="a b",cid="main"', 'bad_value sid: a text of 1 to 128 visible characters, not "a b"'],
    ['sid="s"', "bad_value cid: a stream's name (or say ?stream=), not nothing"],
    ['sid="s",cid="a/b"', 'bad_value cid: a stream\'s name (or say ?stream=), not "a/b"'],
    [`sid="s",cid="main",com.example-x="${'x'.repeat(9_000)}"`, 'bad_message a record is at most 8192 characters, not'],
  ])('%.60s', (bad, refusal) => {
    const world = new ExternalWorld();
    const refused = world.player(null, 'cid="main",sid="good"', bad, 'cid="main",sid="good"');
    expect(refused).toHaveLength(1);
    expect(refused[0]?.startsWith(`1 ${refusal}`)).toBe(true);
    expect(world.tables.connections.size).toBe(1);
    expect([world.hub('reports'), world.hub('messages_refused')]).toEqual([2, 1]);
  });

  test('a flood of sessions ends at --max-clients', () => {
    const world = new ExternalWorld(10);
    const refused = world.player('main', ...Array.from({ length: 15 }, (_, session) => `sid="${session}"`));
    expect(refused[0]).toBe('10 too_many_connections all 10 places are taken (--max-clients)');
    expect(world.tables.connections.size).toBe(10);
    // Players take no place of connections that a server reports, and change none of them.
    world.opened('0', { client: 'alice' });
    world.player('main', 'sid="0",bl=(1)');
    expect(world.row('main:0')).toMatchObject({ client: 'alice', buffer_depth_ms: null });
    expect(world.row('main~0')).toMatchObject({ client: '', buffer_depth_ms: 1 });
  });
});

test('whatever a line is, it is taken or refused, never thrown', () => {
  const key = fc.constantFrom(
    'bl',
    'br',
    'bs',
    'bsa',
    'bsd',
    'bsda',
    'ec',
    'ltc',
    'sta',
    'bg',
    'sn',
    'ts',
    'v',
    'e',
    '*',
    '__proto__',
  );
  const item = fc.oneof(
    fc.integer().map(String),
    fc.double({ noNaN: true }).map((number) => number.toFixed(3)),
    fc.constantFrom(
      '?0',
      '?1',
      'p',
      'r',
      '"x"',
      ':YWJj:',
      '()',
      '(1;a 2;v)',
      '("x" "y")',
      '(:YWJj:)',
      '@1659578233',
      '%"x"',
    ),
    fc.string(),
  );
  const fields = fc.array(
    fc.tuple(key, item).map(([name, value]) => `${name}=${value}`),
    { maxLength: 8 },
  );
  const wholly = fields.map((each) => ['sid="s"', 'cid="main"', ...each].join(','));
  fc.assert(
    fc.property(fc.array(fc.oneof(wholly, fc.string({ maxLength: 200 })), { maxLength: 20 }), (lines) => {
      const world = new ExternalWorld();
      const answer = world.records(lines, null, '');
      expect(typeof answer).toBe('object');
      world.pass(2);
      const depth = world.row('main~s')?.buffer_depth_ms ?? 0;
      expect(depth).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 500 },
  );
});
