import { readFileSync } from 'node:fs';
import { COLUMNS, SCHEMAS } from '@auralis/shared/catalogue';
import { CLOSE, mayReconnect, OP } from '@auralis/shared/codes';
import { LIVE_INTERVALS_MS } from '@auralis/shared/limits';
import { decodeResponse } from '@auralis/shared/live-codec';
import type { Frame, LiveForm } from '@auralis/shared/messages';
import { SUBPROTOCOLS } from '@auralis/shared/messages';
import { Replica } from '@auralis/shared/replica';
import { describe, expect, test } from '@jest/globals';
import { decode } from '@msgpack/msgpack';
import { protocolExamples } from './protocol-examples.js';

const markdown = readFileSync(new URL('../../../../shared/PROTOCOL.md', import.meta.url), 'utf8');

/** Fenced blocks of a language by title: "```hex SNAPSHOT". */
function blocks(language: string): ReadonlyMap<string, string> {
  const found = markdown.matchAll(new RegExp(`^\`\`\`${language} (.+)\n([^]*?)^\`\`\`$`, 'gm'));
  return new Map([...found].map(([, title, text]) => [title as string, text as string]));
}

/** Bytes of a hex block: what stands before `#` in each line. */
const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.replace(/#.*$/gm, '').replace(/\s/g, ''), 'hex'));

/** `bin` as the text spells it in JSON: "bin 0a 00". */
const spelled = (value: unknown): unknown => {
  if (value instanceof Uint8Array)
    return `bin ${Buffer.from(value)
      .toString('hex')
      .replace(/..(?!$)/g, '$& ')}`.trim();
  if (Array.isArray(value)) return value.map(spelled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, spelled(item)]));
};

const limits = await import('@auralis/shared/limits');
/** Without the padding of tables. */
const prose = markdown.replace(/ +/g, ' ');
const hex = blocks('hex');
const json = blocks('json');
const examples = protocolExamples();
const binary = [...examples].filter(([, wire]) => typeof wire !== 'string').map(([name]) => name);

test('every example is in the text, and the text has no other', () => {
  expect([...hex.keys()].sort()).toEqual([...binary].sort());
  for (const name of examples.keys()) expect([...json.keys()]).toContain(name);
});

test.each(binary)('%s in hex is what the code writes today', (name) => {
  expect(Buffer.from(bytesOf(hex.get(name) as string)).toString('hex')).toBe(
    Buffer.from(examples.get(name) as Uint8Array).toString('hex'),
  );
});

test.each([...examples.keys()])('%s reads as the JSON beside it', (name) => {
  const wire = examples.get(name);
  const message = typeof wire === 'string' ? JSON.parse(wire) : spelled(decode(bytesOf(hex.get(name) as string)));
  expect(message).toEqual(JSON.parse(json.get(name) as string));
});

describe.each(['msgpack', 'json'] as LiveForm[])('the frames in %s', (form) => {
  const wire = (name: string) => examples.get(form === 'json' ? `${name} in JSON` : name) as string;
  const { columns } = SCHEMAS.connections;
  const replica = new Replica(columns);
  test.each(['SNAPSHOT', 'DELTA'])('lead after the %s to the rows that the text shows', (name) => {
    expect(replica.apply(decodeResponse(wire(name)) as Frame)).not.toBeNull();
    const rows = [...replica.rows.values()].map((row) => [row.key, ...[1, 9, 26].map((id) => row.value(id))]);
    const sorted = rows.sort(([a], [b]) => String(a).localeCompare(String(b)));
    expect(sorted).toEqual(JSON.parse(json.get(`rows after the ${name}`) as string));
  });
});

describe('the tables of the text', () => {
  const row = (...cells: (string | number)[]) => new RegExp(`^\\| ${cells.join(' \\| ')} \\|`, 'm');

  test.each(Object.entries(OP))('have opcode %s', (name, code) => {
    expect(prose).toMatch(row(code, name));
  });

  test.each(Object.entries(CLOSE))('have close code %s', (name, code) => {
    expect(prose).toMatch(row(code, `\`${name}\``, mayReconnect(code) ? 'yes' : 'no'));
  });

  test('have every error code', () => {
    const codes = [
      'bad_message',
      'bad_value',
      'too_fast',
      'unknown_topic',
      'unknown_column',
      'bad_interval',
      'bad_view',
    ];
    const more = [
      'over_share',
      'unknown_subscription',
      'subscription_in_use',
      'too_many_subscriptions',
      'too_many_channels',
    ];
    for (const code of [...codes, ...more]) expect(prose).toMatch(row(`\`${code}\``));
  });

  test('have the limits that the code has', () => {
    for (const name of [
      'MAX_LISTENER_MESSAGE_BYTES',
      'MAX_CHUNK_MESSAGE_BYTES',
      'MAX_CHUNK_DURATION_MS',
      'MAX_EVENTS',
      'MAX_LIVE_MESSAGE_BYTES',
      'MAX_DEPTH',
      'MAX_MESSAGE_NODES',
      'MAX_RECORD_NODES',
      'MAX_PUBLISHED_EVENTS',
      'MAX_EVENTS_TEXT_BYTES',
      'MAX_CONDITION_CHARACTERS',
      'MAX_STREAMS',
      'MAX_SUBSCRIPTIONS_PER_SOCKET',
      'MAX_DASHBOARDS',
      'MAX_RAISED_ALERTS',
      'DEFAULT_MAX_SHARE_PERCENT',
      'MAX_CHANNELS',
      'MAX_ROWS',
      'HEARTBEAT_MS',
      'MAX_UNACKED_MS',
      'MAX_UNACKED_FRAMES',
      'MAX_LIVE_BACKLOG_BYTES',
      'MAX_LIVE_WAITING_BYTES',
      'DEAD_DASHBOARD_MS',
      'SLOW_DASHBOARD_MS',
      'STALLED_MS',
      'STALE_MS',
      'MAX_REFUSALS_PER_MIN',
      'MAX_LIVE_REQUESTS_PER_S',
      'MAX_SUBSCRIBES_PER_5_S',
      'MAX_LISTENER_MESSAGES_PER_S',
      'LEAST_LIVE_REQUESTS_PER_S',
      'LEAST_SUBSCRIBES_PER_5_S',
      'LEAST_REFUSALS_PER_MIN',
    ] as const) {
      expect(prose).toMatch(row(`\`${name}\``, limits[name].toLocaleString('en-US')));
    }
    expect(prose.replace(/\s+/g, ' ')).toContain(LIVE_INTERVALS_MS.join(', '));
  });

  test('have the subprotocols and the tables', () => {
    for (const name of Object.values(SUBPROTOCOLS)) expect(prose).toContain(`\`${name}\``);
    for (const table of new Set(COLUMNS.map((column) => column.table))) expect(prose).toContain(`\`${table}\``);
  });
});

test('the text says what outside authors of clients had to ask', () => {
  const flowing = prose.replace(/\s+/g, ' ');
  const { MAX_LIVE_REQUESTS_PER_S, MAX_SUBSCRIBES_PER_5_S, MAX_LISTENER_MESSAGES_PER_S } = limits;
  for (const fact of [
    `${MAX_LIVE_REQUESTS_PER_S} requests a second and ${MAX_SUBSCRIBES_PER_5_S} SUBSCRIBEs within 5 s on \`/live\`, ${MAX_LISTENER_MESSAGES_PER_S} messages a second on \`/listen\``,
    'Every index counts from 0',
    "REST returns each row as one JSON object: `id` is the row's key",
    'a client acknowledges each frame that it reads and does not apply, too',
    'The hub sends an engine nothing when it connects',
    'a chunk on `/listen` has at most 29 bytes more than its payload',
  ]) {
    expect(flowing).toContain(fact);
  }
});
