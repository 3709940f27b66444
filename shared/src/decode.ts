/**
 * Readers of what strangers send: depth and nodes are counted while the bytes are read, not when memory is full of
 * values.
 */
import { readJson, readJsonItems } from './json-reader.js';
import { MAX_DEPTH, MAX_MESSAGE_NODES, MAX_RECORD_NODES } from './limits.js';
import { readMsgpack, readMsgpackItems } from './msgpack/reader.js';

/** Decode one message of a socket: MessagePack as bytes, JSON as text. @throws DecodeError */
export function decodeMessage(wire: Uint8Array | string): unknown {
  return typeof wire === 'string'
    ? readJson(wire, MAX_DEPTH, MAX_MESSAGE_NODES)
    : readMsgpack(wire, MAX_DEPTH, MAX_MESSAGE_NODES);
}

/**
 * Decode a record or a list of them, one record a step, so that long lists need not hold the loop. Reading ends
 * behind one record more than `maxRecords`.
 * @throws DecodeError
 */
export function* decodeRecords(wire: Uint8Array | string, maxRecords: number): Generator<void, unknown> {
  const items =
    typeof wire === 'string'
      ? readJsonItems(wire, MAX_DEPTH, MAX_RECORD_NODES)
      : readMsgpackItems(wire, MAX_DEPTH, MAX_RECORD_NODES);
  const records: unknown[] = [];
  let item = items.next();
  for (; item.done !== true; item = items.next()) {
    if (records.push(item.value) > maxRecords) return records;
    yield;
  }
  return item.value ? records : records[0];
}
