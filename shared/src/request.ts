/** Checks requests of dashboards: bytes become a `Request` or a `RequestError`. */
import type { ErrorCode } from './codes.js';
import { OP } from './codes.js';
import { decodeMessage } from './decode.js';
import { DecodeError } from './decode-error.js';
import { LIVE_INTERVALS_MS, MAX_CONDITION_CHARACTERS } from './limits.js';
import type { Wire } from './live-codec.js';
import type { Request, SubscribeOptions, View, WhereOp } from './messages.js';
import { show } from './show.js';

/** The message is not a request. `sub`: the subscription that it is about, if known. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly code: ErrorCode;
  readonly sub: number | null;

  constructor(code: ErrorCode, message: string, sub: number | null = null) {
    super(message);
    this.code = code;
    this.sub = sub;
  }
}

const REQUEST_OPCODES = [OP.SUBSCRIBE, OP.UNSUBSCRIBE, OP.RESYNC, OP.PING, OP.ACK];

/** @throws RequestError */
export function decodeRequest(wire: Wire): Request {
  const message = read(wire);
  if (!Array.isArray(message)) throw new RequestError('bad_message', `a message is [opcode, …], not ${show(message)}`);
  const [opcode, first, second, third, fourth] = message as unknown[];
  switch (opcode) {
    case OP.SUBSCRIBE:
      return subscribe(first, second, third, fourth);
    case OP.UNSUBSCRIBE:
      return { kind: 'unsubscribe', sub: index('sub', first) };
    case OP.RESYNC:
      return { kind: 'resync', sub: index('sub', first), source: second == null ? null : text('source', second) };
    case OP.PING:
      return { kind: 'ping', t: finite('t', first) };
    case OP.ACK:
      return {
        kind: 'ack',
        channel: index('channel', first),
        source: text('source', second),
        seq: index('seq', third),
      };
    default:
      throw new RequestError('bad_message', `opcode is one of ${REQUEST_OPCODES.join(', ')}, not ${show(opcode)}`);
  }
}

function read(wire: Wire): unknown {
  try {
    return decodeMessage(wire);
  } catch (error) {
    if (error instanceof DecodeError) throw new RequestError('bad_message', error.message);
    throw error;
  }
}

function subscribe(sub: unknown, topic: unknown, intervalMs: unknown, options: unknown): Request {
  const id = index('sub', sub);
  try {
    const interval = LIVE_INTERVALS_MS.find((allowed) => allowed === intervalMs);
    if (interval === undefined) {
      throw new RequestError(
        'bad_interval',
        `intervalMs is one of ${LIVE_INTERVALS_MS.join(', ')}, not ${show(intervalMs)}`,
      );
    }
    return {
      kind: 'subscribe',
      sub: id,
      topic: text('topic', topic),
      intervalMs: interval,
      options: optionsOf(options),
    };
  } catch (error) {
    if (error instanceof RequestError) throw new RequestError(error.code, error.message, id);
    throw error;
  }
}

function optionsOf(value: unknown): SubscribeOptions {
  if (value == null) return {};
  const { columns, view, ack } = record('options', value);
  return {
    ...(columns == null ? {} : { columns: list('columns', columns).map((name) => text('columns', name)) }),
    ...(view == null ? {} : { view: viewOf(view) }),
    ...(ack == null ? {} : { ack: flag('ack', ack) }),
  };
}

function viewOf(value: unknown): View {
  const { sort, desc, offset, limit, where } = record('view', value);
  return {
    ...(sort == null ? {} : { sort: text('view.sort', sort) }),
    ...(desc == null ? {} : { desc: flag('view.desc', desc) }),
    ...(offset == null ? {} : { offset: index('view.offset', offset) }),
    ...(limit == null ? {} : { limit: index('view.limit', limit) }),
    ...(where == null ? {} : { where: list('view.where', where).map(conditionOf) }),
  };
}

const WHERE_OPS: readonly WhereOp[] = ['=', '!=', '<', '<=', '>', '>=', 'contains'];

function conditionOf(value: unknown): readonly [string, WhereOp, string | number] {
  const condition = list('view.where', value);
  const [name, op, operand] = condition;
  if (condition.length !== 3) throw bad('view.where', '[name, operator, value]', `${condition.length} items`);
  const known = WHERE_OPS.find((allowed) => allowed === op);
  if (known === undefined) throw bad('view.where', `an operator of ${WHERE_OPS.join(' ')}`, op);
  // NaN, which only MessagePack can say, is as little a number here as elsewhere.
  if (typeof operand !== 'string' && !(typeof operand === 'number' && Number.isFinite(operand)))
    throw bad('view.where', 'compared with text or a number', operand);
  if (typeof operand === 'string' && operand.length > MAX_CONDITION_CHARACTERS)
    throw bad('view.where', `text of at most ${MAX_CONDITION_CHARACTERS} characters`, operand);
  return [text('view.where', name), known, operand];
}

function index(field: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) return value + 0;
  throw bad(field, 'a whole number from 0 to 4294967295', value);
}

function finite(field: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw bad(field, 'a number', value);
}

function text(field: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw bad(field, 'text', value);
}

function flag(field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw bad(field, 'true or false', value);
}

function list(field: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw bad(field, 'a list', value);
}

function record(field: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw bad(field, 'a map', value);
}

function bad(field: string, wanted: string, found: unknown): RequestError {
  return new RequestError('bad_value', `${field}: ${wanted}, not ${show(found)}`);
}
