import { render, renderOnce, type ScreenModel, shareOut } from '@auralis/client/terminal/screen';
import { paint, plain, widthOf } from '@auralis/client/terminal/text';
import { describe, expect, test } from '@jest/globals';
import { alert, connection, model, NOW_MS, stream } from './models.js';

const SIZES = [
  [80, 24],
  [40, 10],
  [200, 60],
] as const;

/** The screen as text, without the blanks at the ends of lines. */
function text(screen: ScreenModel, width: number, height: number): string[] {
  return render(screen, { width, height }).map((line) => plain(line).trimEnd());
}

describe('the screen', () => {
  test('80×24', () => {
    expect(text(model(), 80, 24)).toEqual([
      'auralis-hub hub-1 v0.1.0  ● live                           http://127.0.0.1:8000',
      'listeners 4  dashboards 1  memory 84.2 MB  chunks 10.0/s  dropped 14/min',
      '',
      'STREAM              LISTENERS    ENGINE   CHUNK/S  DROP/MIN   LAT P50   LAT P95',
      'main                        2       yes      10.0        14!        –         –',
      'side                        2        no         –         0         –         –',
      '',
      'Connections 1–4 of 4, worst latency_ms first',
      'CLIENT            STREAM        LATENCY▼      RTT    BUFFER  DROP/MIN   CHUNK/S',
      'carol             main            812.3!    640.0!       20!       14!        –',
      'bob               main            130.0·     40.0       120·        0         –',
      'alice             side             12.5       8.1       300         –         –',
      '–                 side                –         –         –         –         –',
      ...Array(10).fill(''),
      '←→ sort  r reverse  / filter  s stream  PgUp PgDn  ? help  q quit',
    ]);
  });

  test('40×10: what does not fit is left out, the column sorted by never', () => {
    expect(text(model({}, { sort: 'error_rate' }), 40, 10)).toEqual([
      'auralis-hub hub-1 v0.1.0  ● live',
      'listeners 4  dashboards 1  memory 84.2 …',
      '1/2 STRE… LISTENERS    ENGINE   CHUNK/S',
      'main              2       yes      10.0',
      'Connections 1–3 of 4, worst error_rate …',
      'CLIENT      LATENCY       RTT    ERRORS▼',
      'carol         812.3!    640.0!        –',
      'bob           130.0·     40.0         –',
      'alice          12.5       8.1         –',
      '←→ sort  r reverse  / filter  s stream …',
    ]);
  });

  test('120×40 has room for the id, and for how one fares', () => {
    const [head, first] = text(model(), 120, 40).slice(8);
    expect(head?.split(/ +/).slice(-3)).toEqual(['CHUNK/S', 'STATUS', 'STATE']);
    expect(first).toMatch(/ critical +open$/);
  });

  test('200×60 has room for every usual column but the last two', () => {
    const [head, first] = text(model(), 200, 60).slice(8);
    expect(head?.split(/ +/).slice(0, 7)).toEqual(['CLIENT', 'STREAM', 'ID', 'LATENCY▼', 'RTT', 'BUFFER', 'DROP/MIN']);
    for (const label of ['STATUS', 'TRUST', 'ONLINE', 'DROPPED']) expect(head).toContain(label);
    expect(first).toMatch(/^carol +main +id-carol +812\.3! +640\.0!/);
  });

  const manyStreams = Array.from({ length: 40 }, (_, at) => stream(`s${at}`));
  const long = connection('x'.repeat(80), '会議室のスピーカー'.repeat(8), 'y'.repeat(64), { chunks_sent: 2 ** 42 });
  const models: readonly (readonly [string, ScreenModel])[] = [
    ['as usual', model()],
    ['an empty hub', model({ streams: [], connections: { rows: [], total: 0 }, hubRow: null })],
    ['no hub yet', model({ hub: null, catalogue: [], status: { kind: 'connecting', why: 'refused' } })],
    ['long names', model({ streams: manyStreams, connections: { rows: Array(99).fill(long), total: 99 } })],
    ['help', model({}, { help: true })],
  ];

  test.each(models)('%s: as many lines as there are, none too wide, at every size', (_, screen) => {
    for (const [width, height] of [...SIZES, [1, 1], [7, 3], [20, 9], [81, 17]] as const) {
      const lines = render(screen, { width, height }).map(plain);
      expect(lines).toHaveLength(height);
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
    }
  });

  test('an empty hub says so', () => {
    const lines = text(models[1]?.[1] as ScreenModel, 80, 24);
    expect(lines[1]).toBe('listeners –  dashboards –  memory – MB  chunks –/s  dropped –/min');
    expect(lines[4]).toBe('no streams');
    expect(lines[6]).toBe('Connections none of 0, worst latency_ms first');
  });

  test('what is shared out adds up to the height', () => {
    for (let height = 6; height < 80; height++) {
      for (const streams of [0, 1, 5, 100]) {
        for (const firing of [0, 1, 9]) {
          const { alerts, streams: lines, gap, rows } = shareOut(height, streams, firing);
          expect(5 + alerts + (lines > 0 ? lines + 1 : 0) + (gap ? 2 : 0) + rows).toBe(height);
        }
      }
    }
  });

  test('a name moves no cursor and turns no line', () => {
    const evil = connection('id', 'a\x1b[2J\r\n\x9b1m\u202eb', 'main');
    const [line] = text(model({ connections: { rows: [evil], total: 1 } }), 80, 24).slice(9);
    expect(line).toMatch(/^a\\u001b\[2J\\u000d… main/);
  });
});

describe('what the screen says of', () => {
  const status = (changes: Partial<ScreenModel>) => text(model(changes), 80, 24)[0];

  test('the connection', () => {
    expect(status({ status: { kind: 'behind', byMs: 3400 } })).toContain('behind 3 s');
    const sinceMs = NOW_MS - 65_000;
    expect(status({ status: { kind: 'reconnecting', sinceMs, why: '' } })).toMatch(
      /reconnecting since \d\d:\d\d:\d\d \(1m 05s\)/,
    );
    expect(status({ hub: null, status: { kind: 'connecting', why: 'ECONNREFUSED' } })).toContain(
      'connecting: ECONNREFUSED',
    );
  });

  test('the alerts that fire: how many of which severity, and of the worst what, since when and whose fault', () => {
    const now = NOW_MS / 1000;
    const alerts = [
      alert('warning', 'late', now - 5),
      alert('warning', 'later', now - 4),
      alert('error', 'younger', now - 20, { rule: 'manual', stream: 'main' }),
      alert('error', 'Stream dropping chunks', now - 70, { blame: 'network', message: 'stream main: 145/min' }),
      alert('critical', 'over', now, { state: 2 }),
      alert('critical', 'not yet', now, { state: 0 }),
      alert('critical', 'hushed', now, { silenced: 1 }),
    ];
    const [first, , ...others] = text(model({ alerts }), 80, 24);
    expect(first).toBe('auralis-hub hub-1 v0.1.0  ● live  ◆ 2 errors  ◇ 2 warnings  1 silenced');
    expect(others.slice(0, 4)).toEqual([
      '◆ Stream dropping chunks, for 1m 10s, fault: the network - stream main: 145/min',
      '◆ younger (main), for 20 s',
      '◇ late, for 5 s',
      '',
    ]);
    expect(text(model({ alerts }), 80, 10)[3]).toMatch(/STREAM/);
    expect(status({ alerts: alerts.slice(4) })).toMatch(/● live {2}1 silenced +http/);
    expect(renderOnce(model({ alerts }), 80).slice(2, 6).map(plain)).toContain('◇ later, for 4 s');
  });

  test('order, stream and filter', () => {
    const title = (choices: Parameters<typeof model>[1]) => text(model({}, choices), 120, 24)[7];
    expect(title({ isReversed: true })).toContain('smallest latency_ms first');
    expect(title({ sort: 'chunk_send_rate' })).toContain('worst chunk_send_rate first');
    expect(title({ sort: 'buffer_depth_ms' })).toContain('smallest buffer_depth_ms first');
    expect(title({ stream: 'main', filter: 'bo', offset: 20 })).toBe(
      'Connections 21–24 of 4, worst latency_ms first, stream main, with “bo”',
    );
  });

  test('the last line: what is typed, what was refused', () => {
    expect(text(model({}, { isTyping: true, filter: 'bo' }), 80, 24).at(-1)).toBe('/bo▏');
    expect(text(model({ notice: 'no' }), 80, 24).at(-1)).toBe('the hub refused: no');
  });

  test('a stream that was chosen is shown, wherever it stands', () => {
    const streams = Array.from({ length: 40 }, (_, at) => stream(`s${at}`));
    expect(text(model({ streams }, { stream: 's39' }), 80, 24).join('\n')).toMatch(/^s39 /m);
  });
});

describe('levels', () => {
  const painted = (colour: boolean, changes: Partial<ScreenModel> = {}) =>
    render(model(changes), { width: 80, height: 24 })
      .slice(9)
      .map((line) => paint(line, colour));

  test('are colours, and marks without colour', () => {
    expect(painted(true)[0]).toContain('\x1b[1;31m    812.3!');
    expect(painted(true)[1]).toContain('\x1b[33m    130.0·');
    // No colour of any kind, neither of the letters nor behind them.
    expect(painted(false).join('')).not.toMatch(/\[(?:\d+;)*(?:3|4|9|10)\dm/);
    expect(painted(false)[0]).toContain('812.3!');
  });

  test('rows of a hub that is away are dimmed', () => {
    const status = { kind: 'reconnecting', sinceMs: NOW_MS, why: '' } as const;
    expect(painted(true, { status })[0]).toContain('\x1b[2m    812.3!');
    expect(painted(true, { status })[0]).not.toContain('\x1b[1;31m');
  });
});

test('printed once, every row is there and no name is cut', () => {
  const rows = Array.from({ length: 300 }, (_, at) => connection(`id-${at}`, `${'long-'.repeat(12)}${at}`, 'main'));
  const lines = renderOnce(model({ connections: { rows, total: 300 } }), Number.POSITIVE_INFINITY);
  expect(lines).toHaveLength(2 + 1 + 3 + 1 + 2 + 300);
  expect(plain(lines.at(-1) ?? [])).toMatch(/^(long-){12}299 +main +id-299 +– /);
});
