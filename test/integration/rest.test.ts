import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Writer, writePublishedChunk } from '@auralis/shared';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { type Answer, ask } from '../harness/http.js';
import { HubProcess, ROOT } from '../harness/hub.js';
import { TestSocket } from '../harness/socket.js';

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** Keys of the spec's `get_summary_stats`, and which of them may be null. */
const SUMMARY: Readonly<Record<string, 'always' | 'if reported'>> = {
  uptime_seconds: 'always',
  total_phrases_generated: 'if reported',
  total_synthesis_errors: 'if reported',
  synthesis_error_rate: 'if reported',
  total_chunks_sent: 'always',
  total_chunks_dropped: 'always',
  chunk_drop_rate: 'if reported',
  avg_synthesis_latency_ms: 'if reported',
  avg_rtf: 'if reported',
  avg_buffer_depth_ms: 'if reported',
  avg_cpu_percent: 'if reported',
  avg_memory_mb: 'if reported',
  current_active_clients: 'always',
};

describe.each(['uws', 'ws'])('REST on %s', (transport) => {
  let hub: HubProcess;
  let document: Document;
  const sockets: TestSocket[] = [];

  beforeAll(async () => {
    hub = await HubProcess.start(['--transport', transport]);
    document = await hub.get<Document>('/api/v1/openapi.json');
  });
  afterAll(async () => {
    await Promise.all(sockets.map((socket) => socket.close()));
    await hub.stop();
  });

  test('the summary of a hub that nothing was reported to has every key, null where nothing is known', async () => {
    const summary = await hub.get<Record<string, unknown>>('/api/v1/metrics');
    for (const [key, presence] of Object.entries(SUMMARY)) {
      const type = summary[key] === null ? 'null' : typeof summary[key];
      if (presence === 'always') expect([key, type]).toEqual([key, 'number']);
      else expect([key, ['null', 'number'].includes(type)]).toEqual([key, true]);
    }
    expect(summary).toMatchObject({ total_phrases_generated: null, synthesis_error_rate: null, avg_rtf: null });
    expect(Object.keys(summary)).toEqual([...Object.keys(SUMMARY), 'streams', 'hosts', 'gpus']);
    expect(summary.streams).toEqual([]);
  });

  test('the document is OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate({ ...document });
    expect(errors).toBeUndefined();
    expect([valid, document.openapi]).toEqual([true, '3.1.0']);
  });

  test('the schema of the config file is the one that is shipped', async () => {
    const shipped: unknown = JSON.parse(readFileSync(`${ROOT}deploy/hub.schema.json`, 'utf8'));
    expect(await hub.get('/api/v1/config-schema.json')).toEqual(shipped);
  });

  test('every documented GET answers as documented, in an empty hub and in one at work', async () => {
    expect(await walk()).toEqual({ refuted: [], rows: expect.arrayContaining(['hubs']) });
    await fill();
    const { refuted, rows } = await walk();
    expect(refuted).toEqual([]);
    expect(rows).toEqual(expect.arrayContaining(['hubs', 'hosts', 'streams', 'engines', 'connections']));
  });

  /** An engine, a listener that reports, and events: something in every table but those of GPUs and alerts. */
  async function fill(): Promise<void> {
    const engine = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/publish`);
    const listener = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/listen?client=ada`);
    sockets.push(engine, listener);
    engine.send(writePublishedChunk(new Writer(), { durationMs: 20, payload: new Uint8Array(100) }));
    engine.send([
      { type: 'queue', depth: 2 },
      { type: 'buffer', depthMs: 310 },
    ]);
    engine.send({ type: 'synthesis', latencyMs: 120, success: true, phraseDurationSec: 5 });
    await listener.next(({ isBinary }) => isBinary || undefined);
    listener.send({ type: 'client_metrics', metrics: { chunksReceived: 1, avgLatencyMs: 40, errorRate: 0.01 } });
    for (let reports = 0; reports === 0; ) {
      const { items } = await hub.get<{ items: { reports: number }[] }>('/api/v1/connections');
      reports = items[0]?.reports ?? 0;
    }
  }

  /** Asks every GET; what does not fit its schema, and which lists had rows. */
  async function walk(): Promise<{ refuted: string[]; rows: string[] }> {
    const refuted: string[] = [];
    const rows: string[] = [];
    const schemas = closed(document.components.schemas);
    for (const [template, { get }] of Object.entries(document.paths)) {
      if (get === undefined) continue;
      const path = await filledIn(template);
      if (path === null) continue;
      const answer = await ask(hub.port, path);
      const list = /^\/api\/v1\/(\w+)$/.exec(path)?.[1];
      if (list !== undefined && (answer.body.match(/"items":\[\{/) ?? []).length > 0) rows.push(list);
      const wrong = refute(get, answer, schemas);
      if (wrong !== null) refuted.push(`${path}: ${wrong}`);
    }
    return { refuted, rows };
  }

  /** Replace `{id}` by that of the list's first row, null if there is none, and add required parameters. */
  async function filledIn(template: string): Promise<string | null> {
    if (template === '/api/v1/history/frames') return `${template}?table=hubs`;
    if (template === '/api/v1/history') {
      const { items } = await hub.get<{ items: { id: string }[] }>('/api/v1/hubs');
      return `${template}?table=hubs&column=active_connections&row=${items[0]?.id}`;
    }
    if (!template.includes('{id}')) return template.replace('{stream}', 'main');
    const { items } = await hub.get<{ items: { id: string }[] }>(template.replace('/{id}', ''));
    return items[0] === undefined ? null : template.replace('{id}', encodeURIComponent(items[0].id));
  }

  const list = (query: string, headers: Record<string, string> = {}) =>
    ask(hub.port, `/api/v1/connections?${query}`, { headers });

  test('rows are chosen, sorted and paged', async () => {
    expect((await list('stream=main&where=client%3Dada&sort=latency_ms&order=desc&limit=1')).json()).toMatchObject({
      items: [{ client: 'ada', stream: 'main' }],
      total: 1,
      next: null,
    });
    expect((await list('where=client!=ada')).json()).toEqual({ items: [], total: 0, next: null });
  });

  test.each([
    ['limit=none', 'limit: a whole number from 1 to 1000, not "none"'],
    ['where=latency_ms>fast', 'where: latency_ms is compared with a number, not "fast"'],
    ['color=red', 'color: unknown; known are limit, offset, sort, order, where, stream, client'],
  ])('?%s is refused by a problem document that names it', async (query, detail) => {
    const { status, headers, json } = await list(query);
    expect([status, headers['content-type']]).toEqual([400, 'application/problem+json']);
    expect(json()).toEqual({ type: 'about:blank', title: 'Bad Request', status: 400, detail });
  });

  test('a method that a path does not know is answered with those that it does', async () => {
    const { status, headers, json } = await ask(hub.port, '/api/v1/streams/main/events', { method: 'DELETE' });
    expect([status, headers.allow]).toEqual([405, 'POST']);
    expect(json()).toMatchObject({ detail: '/api/v1/streams/main/events knows POST, not DELETE' });
    expect((await ask(hub.port, '/api/v1/connections/x', { method: 'POST' })).headers.allow).toBe('GET, DELETE, HEAD');
    for (const [path, method] of [
      ['/api/v1/nothing', 'POST'],
      // Known as a kind of path, and nothing at it.
      ['/docs/package.json', 'GET'],
      ['/assets/none.js', 'GET'],
    ] as const) {
      expect([path, (await ask(hub.port, path, { method })).status]).toEqual([path, 404]);
    }
  });

  describe('compression', () => {
    const bytesOf = async (path: string, headers: Record<string, string>) => {
      const answer = await ask(hub.port, path, { headers });
      return { ...answer, encoding: answer.headers['content-encoding'] };
    };

    test('of what is large, for who accepts it', async () => {
      const plain = await bytesOf('/api/v1/openapi.json', {});
      const small = await bytesOf('/api/v1/openapi.json', { 'accept-encoding': 'br, gzip' });
      expect([plain.encoding, small.encoding]).toEqual([undefined, 'gzip']);
      expect(small.bytes.length).toBeLessThan(plain.bytes.length / 4);
      expect(gunzipSync(small.bytes)).toEqual(plain.bytes);
      for (const { headers, bytes } of [plain, small]) {
        expect(headers.vary).toBe('origin, accept-encoding');
        expect(headers['content-length']).toBe(String(bytes.length));
      }
    });

    test('not of what is small, refused, or compressed already', async () => {
      expect((await bytesOf('/healthz', { 'accept-encoding': 'gzip' })).encoding).toBeUndefined();
      expect((await bytesOf('/api/v1/openapi.json', { 'accept-encoding': 'gzip;q=0' })).encoding).toBeUndefined();
      const sdk = await bytesOf('/sdk/audio.js', { 'accept-encoding': 'gzip' });
      expect([sdk.encoding, gunzipSync(sdk.bytes).toString()]).toEqual(['gzip', expect.stringContaining('export')]);
    });
  });
});

/** Why an answer does not fit what is documented; null where it does. */
function refute({ responses }: Operation, answer: Answer, schemas: object): string | null {
  const documented = responses[answer.status];
  if (documented === undefined) return `status ${answer.status} is not documented`;
  const type = answer.headers['content-type']?.split(';')[0] ?? '';
  const content = documented.content?.[type];
  if (content === undefined) return `${type} is not documented`;
  if (!type.endsWith('json')) return null;
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const validate = ajv.compile({ ...content.schema, components: { schemas } });
  return validate(answer.json()) ? null : ajv.errorsText(validate.errors);
}

/** The same schemas, where an object has nothing that is not documented. */
function closed<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(closed) as Value;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, closed(inner)]);
  const isOpen = 'properties' in value && !('additionalProperties' in value);
  return Object.fromEntries(isOpen ? [...entries, ['additionalProperties', false]] : entries) as Value;
}
