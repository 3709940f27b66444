import { type COLUMNS, SCHEMAS } from '@auralis/shared/catalogue';
import { FrameBuilder } from '@auralis/shared/frame-builder';
import { JsonFrameSink, MsgpackFrameSink } from '@auralis/shared/frame-sink';
import { writeChunk, writePublishedChunk } from '@auralis/shared/listener';
import { encodeRequest, encodeResponse, type Wire } from '@auralis/shared/live-codec';
import { Writer } from '@auralis/shared/msgpack/writer';
import { Table } from '@auralis/shared/table';

const SOURCE = 'hub-1@1700000000';
const CHANNEL = 3;
const T = 1_700_000_000_000;
const { index, columns } = SCHEMAS.connections;
const CARRIED = [index.chunks_sent, index.rtt_ms, index.buffer_depth_ms];

/** The worked examples of PROTOCOL.md by name, as the code of today writes them. */
export function protocolExamples(): ReadonlyMap<string, Wire> {
  const examples = new Map<string, Wire>();
  const ids = CARRIED.map((at) => columns[at]?.id as number);
  const { index: _, ...entry } = columns[index.rtt_ms] as (typeof COLUMNS)[number];
  const welcome = {
    hub: SOURCE,
    version: '0.1.0',
    now: T + 0.5,
    tables: { connections: { attributes: SCHEMAS.connections.attributes, columns: [entry.id] } },
    catalogue: [entry],
  };
  examples.set('WELCOME', encodeResponse({ kind: 'welcome', welcome }, 'msgpack'));
  const names = CARRIED.map((at) => columns[at]?.name as string);
  const options = { columns: names, ack: true };
  const subscribe = { kind: 'subscribe', sub: 1, topic: 'connections', intervalMs: 250, options } as const;
  examples.set('SUBSCRIBE', encodeRequest(subscribe, 'msgpack'));
  const subscribed = {
    kind: 'subscribed',
    sub: 1,
    channel: CHANNEL,
    columns: ids,
    attributes: SCHEMAS.connections.attributes,
  } as const;
  examples.set('SUBSCRIBED', encodeResponse(subscribed, 'msgpack'));
  addFrames(examples);
  examples.set('DELTA in bits', bits());
  examples.set('ACK', encodeRequest({ kind: 'ack', channel: CHANNEL, source: SOURCE, seq: 2 }, 'msgpack'));
  examples.set('BEHIND', encodeResponse({ kind: 'behind', channel: CHANNEL, skipped: 9, behindMs: 2250 }, 'msgpack'));
  examples.set('GONE', encodeResponse({ kind: 'gone', channel: CHANNEL, source: SOURCE }, 'msgpack'));
  const message = 'sub 7 is not subscribed';
  const error = { kind: 'error', sub: 7, code: 'unknown_subscription', message } as const;
  examples.set('ERROR', encodeResponse(error, 'msgpack'));
  const payload = Uint8Array.of(1, 0, 0xff, 0xff);
  const chunk = { seq: 7, sentAtMs: T + 0.5, durationMs: 100, payload };
  examples.set('CHUNK', writeChunk(new Writer(), chunk));
  examples.set('PUBLISHED CHUNK', writePublishedChunk(new Writer(), { durationMs: 100, payload }));
  return examples;
}

/** Four listeners; then one goes, another takes its slot, all are sent chunks, and one reports anew. */
function addFrames(examples: Map<string, Wire>): void {
  const table = new Table(SCHEMAS.connections);
  const builder = new FrameBuilder(table, CARRIED);
  const msgpack = new MsgpackFrameSink();
  const json = new JsonFrameSink();
  const rows: [key: string, sent: number, rtt: number, depth: number][] = [
    ['a', 1200, 12.5, 240],
    ['b', 1100, 20, Number.NaN],
    ['c', 1000, Number.NaN, 300],
    ['d', 900, 8.1, 310],
  ];
  const open = (key: string) => table.open(key, ['main']);
  for (const [key, sent, rtt, depth] of rows) {
    const slot = open(key);
    table.set(slot, index.chunks_sent, sent);
    table.set(slot, index.rtt_ms, rtt);
    table.set(slot, index.buffer_depth_ms, depth);
  }
  builder.advance(CHANNEL, SOURCE, T, [], true);
  builder.snapshot(CHANNEL, SOURCE, T, msgpack);
  examples.set('SNAPSHOT', msgpack.writer.copy());
  builder.snapshot(CHANNEL, SOURCE, T, json);
  examples.set('SNAPSHOT in JSON', json.text);

  table.close(table.slotOf('c') as number);
  table.set(open('e'), index.chunks_sent, 0);
  for (const slot of table.slots()) table.add(slot, index.chunks_sent, 5);
  const b = table.slotOf('b') as number;
  table.clear(b, index.rtt_ms);
  table.set(b, index.buffer_depth_ms, 180);
  builder.advance(CHANNEL, SOURCE, T + 250, [msgpack, json], false);
  examples.set('DELTA', msgpack.writer.copy());
  examples.set('DELTA in JSON', json.text);
}

/** Twenty listeners whose round trip went up by little; of one it is not known any more. */
function bits(): Wire {
  const table = new Table(SCHEMAS.connections);
  const builder = new FrameBuilder(table, [index.rtt_ms]);
  const sink = new MsgpackFrameSink();
  for (let at = 0; at < 20; at++) table.set(table.open(`listener-${at}`, ['main']), index.rtt_ms, 40);
  builder.advance(CHANNEL, SOURCE, T, [], true);
  for (const slot of table.slots()) table.add(slot, index.rtt_ms, slot % 2 === 0 ? 0.2 : 0.3);
  table.clear(3, index.rtt_ms);
  builder.advance(CHANNEL, SOURCE, T + 250, [sink], false);
  return sink.writer.copy();
}
