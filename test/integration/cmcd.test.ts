import { INTERNAL_ERROR_LOG } from '@auralis/server/hub/log';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CmcdReporter } from '@svta/cml-cmcd';
import { EARLY_EVENTS, SESSION, VERSION_1 } from '../harness/cmcd.js';
import { HubProcess } from '../harness/hub.js';

type Row = Record<string, number | string | null>;
type Answer = { accepted: number; refused: number; errors: object[] };

describe.each(['uws', 'ws'])('players that speak CMCD, on %s', (transport) => {
  let hub: HubProcess;
  beforeAll(async () => {
    hub = await HubProcess.start(['--transport', transport]);
  });
  afterAll(async () => {
    expect(hub.log).not.toContain(INTERNAL_ERROR_LOG);
    await hub.stop();
  });

  const send = (query: string, init: RequestInit = {}) => fetch(`${hub.url}/api/v1/cmcd${query}`, init);
  const post = (body: string, query = '', type = 'application/cmcd', headers: Record<string, string> = {}) =>
    send(query, { method: 'POST', body, headers: { 'content-type': type, ...headers } });
  const rowOf = (key: string) => hub.get<Row>(`/api/v1/connections/${encodeURIComponent(key)}`);
  const counters = async () => ((await hub.get<{ items: Row[] }>('/api/v1/hubs')).items[0] ?? {}) as Row;

  test('event mode: a batch of records, each a line', async () => {
    const response = await post(SESSION.join('\n'));
    expect([response.status, await response.json()]).toEqual([202, { accepted: 5, refused: 0, errors: [] }]);
    expect(await rowOf('main~session-id-123')).toMatchObject({
      stream: 'main',
      address: expect.stringContaining('127.0.0.1') as unknown as string,
      state: 'open',
      playback_state: 'ended',
      buffer_underruns: 1,
      underrun_duration_ms: 720,
      player_errors: 1,
      startup_ms: 812,
      bitrate_kbps: 256,
    });
  });

  // hls.js, dash.js and Shaka leave all of event mode to this reporter.
  test('what hls.js, dash.js and Shaka send: bodies made by the reporter that they ship', async () => {
    const bodies: string[] = [];
    const reporter = new CmcdReporter(
      {
        sid: 'player-1',
        cid: 'radio',
        eventTargets: [
          {
            url: `${hub.url}/api/v1/cmcd`,
            events: ['ps', 'e', 't', 'b'],
            interval: 0,
            enabledKeys: ['sid', 'cid', 'sta', 'bl', 'br', 'bs', 'mtp', 'ltc', 'ec', 'bg', 'v', 'ts', 'e', 'sn', 'msd'],
          },
        ],
      },
      async ({ url, method = 'POST', headers = {}, body = '' }) => {
        bodies.push(String(body));
        const { status } = await fetch(url, { method, headers, body });
        return { status };
      },
    );
    reporter.start();
    reporter.update({ sta: 's', bl: [0] });
    reporter.update({ sta: 'p', bl: [2_000], br: [128], mtp: [9_300], ltc: 3_200, msd: 640 });
    reporter.update({ bg: true });
    reporter.update({ sta: 'r', bl: [0], bs: true });
    reporter.update({ bg: false, sta: 'p', bl: [1_500], bs: false });
    reporter.recordEvent('e', { ec: ['NETWORK'] });
    reporter.stop(true);
    const deadline = Date.now() + 5_000;
    let row: Row = {};
    while (Date.now() < deadline && row.player_errors !== 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      row = await rowOf('radio~player-1').catch(() => ({}));
    }
    expect(bodies.join('\n')).toContain('sid="player-1"');
    expect(row).toMatchObject({
      stream: 'radio',
      playback_state: 'playing',
      buffer_depth_ms: 1_500,
      bitrate_kbps: 128,
      measured_throughput_kbps: 9_300,
      latency_ms: 3_200,
      clock: 'unsynced',
      startup_ms: 640,
      buffer_underruns: 1,
      player_errors: 1,
      hidden: 'visible',
    });
  });

  test.each(['GET', 'POST'])('the query form, by %s; ?stream= says whose it is', async (method) => {
    const response = await send(`?CMCD=${encodeURIComponent(VERSION_1)}&stream=v1-${method}`, { method });
    expect([response.status, ((await response.json()) as Answer).accepted]).toEqual([202, 1]);
    expect(await rowOf(`v1-${method}~6e2fb550-c457-11e9-bb97-0800200c9a66`)).toMatchObject({
      buffer_depth_ms: 21_300,
      bitrate_kbps: 3_200,
      requested_throughput_kbps: 15_000,
    });
  });

  test('earlier players: text/cmcd, plain numbers, a line feed at the end', async () => {
    const response = await post(EARLY_EVENTS, '', 'text/cmcd; charset=utf-8');
    expect(((await response.json()) as Answer).accepted).toBe(2);
    expect(await rowOf('main~session-1')).toMatchObject({ playback_state: 'playing', buffer_depth_ms: 5_000 });
  });

  test('a bad record is refused with its line, and counted; the others are taken', async () => {
    const before = await counters();
    const response = await post('sid="good",cid="mixed",sta=p\nsid="bad",bl=(\nsid="good",cid="mixed",bl=(700)');
    expect(await response.json()).toEqual({
      accepted: 2,
      refused: 1,
      errors: [
        {
          index: 1,
          code: 'bad_message',
          message: 'a record is a structured field of RFC 8941, not "sid=\\"bad\\",bl=("',
        },
      ],
    });
    expect(await rowOf('mixed~good')).toMatchObject({ playback_state: 'playing', buffer_depth_ms: 700, reports: 2 });
    const after = await counters();
    expect((after.messages_refused as number) - (before.messages_refused as number)).toBe(1);
  });

  test('a page of any origin may send, as it may listen; its browser is told so when it asks', async () => {
    const origin = 'https://player.example';
    const asked = await send('', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe(origin);
    expect(asked.headers.get('access-control-allow-headers')).toBe('authorization, content-type');
    const sent = await post('sid="x",cid="elsewhere"', '', 'application/cmcd', { origin });
    expect([sent.status, sent.headers.get('access-control-allow-origin')]).toEqual([202, origin]);
  });

  test.each<[string, () => Promise<Response>, number]>([
    ['no body', () => post(''), 400],
    ['line feeds alone', () => post('\n\r\n'), 400],
    ['GET without a record', () => send(''), 400],
    ['another type', () => post('sid="x"', '', 'application/json'), 415],
    ['a bad stream name', () => post('sid="x"', '?stream=a%2Fb'), 400],
    ['more than 64 KiB', () => post('x'.repeat(70_000)), 413],
    ['more than a megabyte', () => post('x'.repeat(2 << 20)), 413],
    ['more than 1,000 records', () => post('a\n'.repeat(1_500)), 413],
  ])('%s is refused with a status', async (_, request, status) => {
    expect((await request()).status).toBe(status);
  });

  test('noise makes no row and no fault', async () => {
    const before = (await hub.get<{ total: number }>('/api/v1/connections')).total;
    const noise = Array.from({ length: 900 }, (_, at) =>
      String.fromCharCode(...Array.from({ length: 40 }, (_, place) => 14 + ((at * 31 + place * 17) % 110))),
    );
    const answer = (await (await post(noise.join('\n'))).json()) as Answer;
    expect([answer.accepted, answer.errors.length]).toEqual([0, 20]);
    expect((await hub.get<{ total: number }>('/api/v1/connections')).total).toBe(before);
    expect((await counters()).errors).toBe(0);
  });
});
