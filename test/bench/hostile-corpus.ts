import { encode } from '@msgpack/msgpack';

/** A message that costs as much as its limits allow. Bodies without a type are text of their own route's type. */
export interface Hostile {
  readonly name: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly type?: string;
  readonly body?: string | Uint8Array;
}

const MB = 1024 * 1024;
/** Length of a long text in a head. */
const LONG = 14_000;
const JSON_TYPE = 'application/json';
const MSGPACK = 'application/msgpack';
const list = <Item>(count: number, item: (at: number) => Item): Item[] =>
  Array.from({ length: count }, (_, at) => item(at));
const joined = (count: number, item: (at: number) => string) => list(count, item).join('');

/** Paths and queries of about 14 KB, of the 16 KB that a head may have, and those whose answers are largest. */
export const PATHS: readonly Hostile[] = [
  { name: 'nothing there', path: `/${joined(7000, () => 'a/')}` },
  { name: 'percent escapes', path: `/api/v1/connections/${'%C3%A4'.repeat(2300)}` },
  { name: 'conditions without end', path: `/api/v1/connections?${'where=a&'.repeat(1750)}` },
  { name: 'unknown parameters', path: `/api/v1/connections?${joined(1800, (at) => `k${at}=1&`)}` },
  { name: 'spaces in a condition', path: `/api/v1/connections?where=latency_ms%3E${'+'.repeat(LONG)}x%0Ax` },
  {
    name: '16 conditions on text',
    path: `/api/v1/connections?${joined(16, () => `where=any+contains+${'a'.repeat(850)}&`)}`,
  },
  { name: 'sorted, 1,000 rows', path: '/api/v1/connections?limit=1000&sort=latency_ms&order=desc' },
  { name: 'the page for Prometheus', path: '/metrics' },
  { name: 'the summary', path: '/api/v1/metrics' },
  { name: 'the OpenAPI document', path: '/api/v1/openapi.json' },
  { name: 'the reference', path: '/docs/swagger-ui-bundle.js' },
  { name: 'history of connections', path: '/api/v1/history/frames?table=connections' },
  { name: 'a static file', path: '/listen' },
];

export const HEADERS: readonly Hostile[] = [
  { name: 'authorization of spaces', headers: { authorization: `Bearer ${' '.repeat(LONG)}a b` } },
  { name: 'a token without end', headers: { authorization: `Bearer ${'a'.repeat(LONG)}` } },
  { name: 'X-Forwarded-For of commas', headers: { 'x-forwarded-for': ','.repeat(LONG) } },
  { name: 'Accept-Encoding of commas', headers: { 'accept-encoding': 'gzip;q=0.5,'.repeat(1270) } },
  { name: 'Sec-WebSocket-Protocol of names', headers: { 'sec-websocket-protocol': 'a, '.repeat(4600) } },
  { name: 'an origin without end', headers: { origin: `http://${'a.'.repeat(7000)}b` } },
  { name: 'a cookie without end', headers: { cookie: 'a=b; '.repeat(2800) } },
  { name: 'many headers', headers: Object.fromEntries(list(90, (at) => [`x-${at}`, 'y'.repeat(140)])) },
];

const client = (at: number) => ({
  ...{ chunksReceived: 1000 + at, chunkErrors: 0, bufferUnderruns: 1, avgLatencyMs: 123.4, errorRate: 0.001 },
  ...{ lastSeq: 12_345, jitterMs: 3.2, rttMs: 30.1, clockOffsetMs: 12.2, clockErrorMs: 15.1, bufferDepthMs: 130.2 },
  ...{ underrunDurationMs: 20, outputLatencyMs: 10, startupMs: 300, playbackState: 'playing', hidden: false },
});
const report = (at: number) => ({
  ...{ type: 'connection_metrics', connection: `c${at}`, chunksSent: at * 100, chunksDropped: 3, bytesSent: at * 1e4 },
  ...{ bufferDepthMs: 120.5, rttMs: 30.2, client: client(at) },
});
const synthesis = (at: number) => ({
  ...{ type: 'synthesis', latencyMs: 100 + at, success: true, phraseDurationSec: 20, peakAmplitudeDb: -3 },
});
const distinct = (at: number) => Object.fromEntries(list(100, (key) => [`k${at}_${key}`, 1]));
const maps = (bytes: number) => {
  const message = new Uint8Array(bytes).fill(0x80);
  message[0] = 0xdd;
  new DataView(message.buffer).setUint32(1, bytes - 5);
  return message;
};
const nested = `${'['.repeat(MB / 2 - 1)}${']'.repeat(MB / 2 - 1)}`;

const records = (path: string, good: (at: number) => object): Hostile[] => [
  { name: '1,000 good ones', path, type: JSON_TYPE, body: JSON.stringify(list(1000, good)) },
  { name: '1,000 good ones in MessagePack', path, type: MSGPACK, body: encode(list(1000, good)) },
  { name: '1,000 unknown ones', path, type: JSON_TYPE, body: JSON.stringify(list(1000, (at) => ({ type: `t${at}` }))) },
  { name: 'keys that no two share', path, type: JSON_TYPE, body: JSON.stringify(list(600, distinct)) },
  { name: 'the same in MessagePack', path, type: MSGPACK, body: encode(list(600, distinct)) },
  { name: '1 MB of empty maps', path, type: MSGPACK, body: maps(MB) },
  { name: '1 MB of empty maps in JSON', path, type: JSON_TYPE, body: `[${'{},'.repeat(349_000)}{}]` },
  { name: 'nested half a million deep', path, type: JSON_TYPE, body: nested },
  { name: '1 MB of one text', path, type: JSON_TYPE, body: JSON.stringify([{ type: 'ä'.repeat(MB / 2 - 20) }]) },
  { name: '1 MB of backslashes', path, type: JSON_TYPE, body: `["${'\\'.repeat(MB - 4)}"]` },
];
const alert = { severity: 'info', title: 't', message: 'm', stream: 'bench' };
export const BODIES: readonly Hostile[] = [
  ...records('/api/v1/streams/bench/events', synthesis),
  ...records('/api/v1/streams/bench/reports', report),
  {
    name: 'an alert with 2,000 labels',
    path: '/api/v1/alerts',
    type: JSON_TYPE,
    body: JSON.stringify({ ...alert, labels: Object.fromEntries(list(2000, (at) => [`k${at}`, 'x'])) }),
  },
  { name: 'an alert, nested', path: '/api/v1/alerts', type: JSON_TYPE, body: nested },
  { name: 'a silence of noise', path: '/api/v1/alerts/silences', type: JSON_TYPE, body: JSON.stringify(distinct(1)) },
];

const cmcd = (name: string, body: string): Hostile => ({
  name,
  path: '/api/v1/cmcd?stream=bench',
  type: 'application/cmcd',
  body,
});
const filled = (piece: string, characters: number) => piece.repeat(Math.floor(characters / piece.length));
export const CMCD: readonly Hostile[] = [
  cmcd('line ends and a letter', `${'\n'.repeat(65_000)}x`),
  cmcd(
    '60 good records',
    joined(60, (at) => `sid="s${at}",cid="bench",v=2,bl=(1200),br=(128),sta=p\n`),
  ),
  cmcd(
    'keys without end',
    joined(8, () => `${filled('a,', 8_000)}\n`),
  ),
  cmcd(
    'a list without end',
    joined(8, () => `sid="a",bl=(${filled('1 ', 7_900)})\n`),
  ),
  cmcd(
    'a text without end',
    joined(8, () => `sid="${'x'.repeat(8_000)}\n`),
  ),
  cmcd(
    'parameters without end',
    joined(8, () => `sid${filled(';a', 8_000)}\n`),
  ),
  cmcd(
    'names without end',
    joined(8, (line) => `${joined(900, (at) => `k${line}${at}=x${at},`)}\n`),
  ),
  cmcd(
    '1,000 records of noise',
    joined(1000, () => 'sid="s"((((\n'),
  ),
];

const event = (at: number) => ({ type: 'synthesis_start', id: at });
/** On `/publish`, as an engine. */
export const PUBLISHED: readonly Hostile[] = [
  { name: '1 MB of empty maps', body: maps(MB) },
  { name: '1 MB of one text', body: encode({ type: 'ä'.repeat(MB / 2 - 20) }) },
  { name: '4,000 values', body: encode(list(19, distinct)) },
  { name: '100 events', body: JSON.stringify(list(100, synthesis)) },
  { name: '1,000 events', body: JSON.stringify(list(1000, event)) },
  { name: '1 MB of text', body: `["${'a'.repeat(MB - 4)}"]` },
];

/** On `/listen`: 4 KiB. */
export const HEARD: readonly Hostile[] = [
  { name: 'empty maps', body: maps(4096) },
  { name: 'empty maps in JSON', body: `[${'{},'.repeat(1363)}{}]` },
  { name: 'nested', body: `${'['.repeat(2047)}${']'.repeat(2047)}` },
  {
    name: 'keys that no two share',
    body: JSON.stringify({
      type: 'client_metrics',
      metrics: Object.fromEntries(list(280, (at) => [`k${Math.imul(at, 7919)}`, 1])),
    }),
  },
  { name: 'digits', body: `{"type":"client_metrics","metrics":{"lastSeq":${'9'.repeat(4000)}}}` },
];

const subscribe = (options: object) => JSON.stringify([1, 1, 'connections', 1000, options]);
/** On `/live`, in JSON: 16 KiB. */
export const ASKED: readonly Hostile[] = [
  { name: 'columns without end', body: subscribe({ columns: list(1700, () => 'rtt_ms') }) },
  { name: 'conditions without end', body: subscribe({ view: { where: list(550, () => ['id', '=', 'a']) } }) },
  {
    name: '16 conditions on text',
    body: subscribe({ view: { where: list(16, () => ['any', 'contains', 'a'.repeat(960)]), limit: 50 } }),
  },
  { name: 'empty maps', body: `[${'{},'.repeat(5400)}{}]` },
  { name: 'all rows, and 1,200 unknown keys', body: subscribe(Object.fromEntries(list(1200, (at) => [`k${at}`, 1]))) },
];
