/** Bytes or text ⇄ messages of the live protocol. Requests are checked in `request.ts`. */
import { unpackBits } from './bit-packing.js';
import { OP } from './codes.js';
import { VALUE_TYPE, WIDE_SLOTS } from './frame-sink.js';
import type { Delta, FrameColumn, FrameRow, LiveForm, Request, Response, Snapshot, Welcome } from './messages.js';
import { readMsgpack } from './msgpack/reader.js';
import { Writer } from './msgpack/writer.js';

/** A message as the subprotocol carries it: `Uint8Array` for MessagePack, `string` for JSON. */
export type Wire = Uint8Array | string;

/** A hub sent something that this version of the protocol does not know; the client should connect anew. */
export class LiveProtocolError extends Error {
  override readonly name = 'LiveProtocolError';
}

export function encodeRequest(request: Request, form: LiveForm): Wire {
  return encode(requestArray(request), form);
}

function requestArray(request: Request): unknown[] {
  switch (request.kind) {
    case 'subscribe':
      return [OP.SUBSCRIBE, request.sub, request.topic, request.intervalMs, request.options];
    case 'unsubscribe':
      return [OP.UNSUBSCRIBE, request.sub];
    case 'resync':
      return request.source === null ? [OP.RESYNC, request.sub] : [OP.RESYNC, request.sub, request.source];
    case 'ping':
      return [OP.PING, request.t];
    case 'ack':
      return [OP.ACK, request.channel, request.source, request.seq];
  }
}

/** Every response but the frames, which `FrameBuilder` writes. */
export function encodeResponse(response: Exclude<Response, Snapshot | Delta>, form: LiveForm): Wire {
  switch (response.kind) {
    case 'welcome':
      return encode([OP.WELCOME, response.welcome], form);
    case 'subscribed': {
      const { sub, channel, columns, attributes } = response;
      return encode([OP.SUBSCRIBED, sub, channel, { columns, attributes }], form);
    }
    case 'error':
      return encode([OP.ERROR, response.sub, response.code, response.message], form);
    case 'pong':
      return encode([OP.PONG, response.t, response.now], form);
    case 'gone':
      return encodeChannelMessage(OP.GONE, response.channel, [response.source], form);
    case 'behind':
      return encodeChannelMessage(OP.BEHIND, response.channel, [response.skipped, response.behindMs], form);
  }
}

function encode(message: readonly unknown[], form: LiveForm): Wire {
  if (form === 'json') return JSON.stringify(message);
  const writer = new Writer(256);
  writer.value(message);
  return writer.copy();
}

/** Messages that a gateway forwards carry their channel as a five-byte uint32 at offset 2. */
function encodeChannelMessage(opcode: number, channel: number, rest: readonly unknown[], form: LiveForm): Wire {
  if (form === 'json') return JSON.stringify([opcode, channel, ...rest]);
  const writer = new Writer(64);
  writer.array(2 + rest.length);
  writer.byte(opcode);
  writer.uint32(channel);
  for (const item of rest) writer.value(item);
  return writer.copy();
}

/**
 * Reads a message of the hub. Trusts the hub for the types of fields, but not for opcodes it does not know.
 * @throws MsgpackError, SyntaxError (JSON) or LiveProtocolError
 */
export function decodeResponse(wire: Wire): Response {
  const form: LiveForm = typeof wire === 'string' ? 'json' : 'msgpack';
  const message: unknown = typeof wire === 'string' ? JSON.parse(wire) : readMsgpack(wire);
  if (!Array.isArray(message)) throw new LiveProtocolError('a message that is no array');
  return responseOf(message, form);
}

// biome-ignore lint/suspicious/noExplicitAny: the fields' types follow from the opcode, which the switch goes by
function responseOf(m: any[], form: LiveForm): Response {
  switch (m[0]) {
    case OP.WELCOME:
      return { kind: 'welcome', welcome: m[1] as Welcome };
    case OP.SUBSCRIBED:
      return { kind: 'subscribed', sub: m[1], channel: m[2], columns: m[3].columns, attributes: m[3].attributes };
    case OP.SNAPSHOT:
      return { kind: 'snapshot', form, ...head(m), rows: rowsOf(m[6]), columns: columnsOf(m[7]) };
    case OP.DELTA:
      return { kind: 'delta', form, ...head(m), removed: m[6], added: rowsOf(m[7]), columns: columnsOf(m[8]) };
    case OP.ERROR:
      return { kind: 'error', sub: m[1], code: m[2], message: m[3] };
    case OP.PONG:
      return { kind: 'pong', t: m[1], now: m[2] };
    case OP.GONE:
      return { kind: 'gone', channel: m[1], source: m[2] };
    case OP.BEHIND:
      return { kind: 'behind', channel: m[1], skipped: m[2], behindMs: m[3] };
    default:
      throw new LiveProtocolError(`opcode ${String(m[0])} is unknown`);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: as above
const head = (m: any[]) => ({ channel: m[1], source: m[2], seq: m[3], t: m[4], total: m[5] });

function rowsOf(rows: [number, string, string[]][]): FrameRow[] {
  return rows.map(([slot, key, attributes]) => ({ slot, key, attributes }));
}

type WireColumn = [
  id: number,
  slots: Uint8Array | number[] | true | null,
  type: number | null,
  values: Uint8Array | (number | null)[],
];

function columnsOf(columns: WireColumn[]): FrameColumn[] {
  let previous: ArrayLike<number> | null = null;
  return columns.map(([id, wireSlots, type, wireValues]) => {
    let slots: ArrayLike<number> | null;
    if (wireSlots === true) slots = previous;
    else if (wireSlots instanceof Uint8Array) slots = unpackSlots(wireSlots, ((type ?? 0) & WIDE_SLOTS) !== 0);
    else slots = wireSlots;
    previous = slots;
    const values =
      wireValues instanceof Uint8Array
        ? unpackValues(wireValues, (type ?? 0) & ~WIDE_SLOTS)
        : Float64Array.from(wireValues, (value) => value ?? Number.NaN);
    return { id, slots, values };
  });
}

function unpackSlots(packed: Uint8Array, wide: boolean): Uint32Array {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const slots = new Uint32Array(packed.length / (wide ? 4 : 2));
  for (let index = 0; index < slots.length; index++) {
    slots[index] = wide ? view.getUint32(index * 4, true) : view.getUint16(index * 2, true);
  }
  return slots;
}

/** Values of a packed column of `type`, without `WIDE_SLOTS`; NaN is missing. */
export function unpackValues(packed: Uint8Array, type: number): Float64Array {
  if (type === VALUE_TYPE.BITS) return unpackBits(packed);
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const values = new Float64Array(packed.length >> type);
  const missing = type === VALUE_TYPE.INT8 ? -0x80 : type === VALUE_TYPE.INT16 ? -0x8000 : -0x8000_0000;
  for (let index = 0; index < values.length; index++) {
    let value: number;
    if (type === VALUE_TYPE.INT8) value = view.getInt8(index);
    else if (type === VALUE_TYPE.INT16) value = view.getInt16(index * 2, true);
    else if (type === VALUE_TYPE.INT32) value = view.getInt32(index * 4, true);
    else value = view.getFloat64(index * 8, true);
    values[index] = type !== VALUE_TYPE.FLOAT64 && value === missing ? Number.NaN : value;
  }
  return values;
}
