import { MAX_ABS_MS, MAX_COUNT, PLAYBACK_STATES, type PlaybackState, show } from '@auralis/shared';
import { decodeCmcd } from '@svta/cml-cmcd';
import { Refusal } from '../check/refusal.js';
import { CONNECTION, type Tables } from '../state/tables.js';

/** A record with every key of the standard is about 1,000 characters. */
const MAX_RECORD_CHARACTERS = 8_192;
/** A session's name becomes part of a row's key. */
const NAME = /^[\x21-\x7e]{1,128}$/;

/** CTA-5004-B's player states. Who seeks or loads is about to play; who waits for its user does nothing. */
const STATES: Readonly<Record<string, PlaybackState>> = {
  s: 'starting',
  d: 'starting',
  k: 'starting',
  p: 'playing',
  r: 'stalled',
  a: 'paused',
  w: 'idle',
  e: 'ended',
  f: 'ended',
  q: 'ended',
};
const QUIT = 'q';
const STALLED = PLAYBACK_STATES.indexOf('stalled');

/** Keys whose number goes into a column as it is. */
const NUMBERS: Readonly<Record<string, { readonly column: number; readonly most: number }>> = {
  bl: { column: CONNECTION.buffer_depth_ms, most: MAX_ABS_MS },
  br: { column: CONNECTION.bitrate_kbps, most: MAX_COUNT },
  mtp: { column: CONNECTION.measured_throughput_kbps, most: MAX_COUNT },
  rtp: { column: CONNECTION.requested_throughput_kbps, most: MAX_COUNT },
  ltc: { column: CONNECTION.latency_ms, most: MAX_ABS_MS },
  msd: { column: CONNECTION.startup_ms, most: MAX_ABS_MS },
  bsa: { column: CONNECTION.buffer_underruns, most: MAX_COUNT },
  bsda: { column: CONNECTION.underrun_duration_ms, most: MAX_ABS_MS },
};
/** Keys that are read, into a column or to know what the record is. The others have no place here. */
const READ = new Set([...Object.keys(NUMBERS), 'v', 'sid', 'cid', 'e', 'ts', 'sn', 'sta', 'bg', 'bs', 'bsd', 'ec']);

/** One CMCD record: what a player without our SDK says of itself (CTA-5004-B; version 1 too). */
export class CmcdRecord {
  /** Its playback session: the connection. */
  readonly session: string;
  /** What it plays, or null where it does not say. */
  readonly content: string | null;
  /** Number of the report in its session and the player's clock, ms; NaN where it does not say. */
  readonly sequence: number;
  readonly sentAtMs: number;
  /** The user has ended it. */
  readonly hasQuit: boolean;
  readonly hidden: boolean;
  readonly saysBufferDepth: boolean;
  /** No clock is proven, so that nothing is held against it. */
  readonly isLatencyImpossible = false;
  /** Keys that have no column. */
  readonly ignored: number;

  readonly #numbers: readonly (readonly [column: number, value: number])[];
  readonly #state: number | null;
  readonly #hasStarved: boolean;
  readonly #starvedMs: number;
  readonly #errors: number;

  /** @throws Refusal */
  constructor(text: string) {
    const fields = decode(text);
    const { v, e, sid, cid, sta, bsd, ec } = fields;
    if (v !== undefined && v !== 1 && v !== 2) throw wrong('v', '1 or 2', v);
    if (!isName(sid)) throw wrong('sid', 'a text of 1 to 128 visible characters', sid);
    if (cid !== undefined && typeof cid !== 'string') throw wrong('cid', 'a text', cid);
    this.session = sid;
    this.content = cid ?? null;
    this.sequence = optionalNumber(fields, 'sn', MAX_COUNT);
    this.sentAtMs = optionalNumber(fields, 'ts', Number.MAX_SAFE_INTEGER);
    this.#state = sta === undefined ? null : stateOf(sta);
    this.hasQuit = sta === QUIT;
    this.hidden = flag(fields, 'bg');
    this.#numbers = Object.entries(NUMBERS).flatMap(([key, { column, most }]) =>
      fields[key] === undefined ? [] : [[column, numberOf(key, ofAudio(fields[key]), most)] as const],
    );
    this.saysBufferDepth = fields.bl !== undefined;
    this.#hasStarved = (flag(fields, 'bs') || this.#state === STALLED) && fields.bsa === undefined;
    this.#starvedMs = bsd === undefined || fields.bsda !== undefined ? 0 : sumOf('bsd', bsd, MAX_ABS_MS);
    // An event of an error (`e`) is one, also where a player has no code for it.
    this.#errors = ec === undefined ? Number(e === 'e') : errorsOf(ec);
    this.ignored = Object.keys(fields).filter((key) => !READ.has(key)).length;
  }

  writeTo(table: Tables['connections'], slot: number): void {
    const wasStalled = table.get(slot, CONNECTION.playback_state) === STALLED;
    for (const [column, value] of this.#numbers) {
      table.set(slot, column, value);
      // Measured against the origin's clock, whose offset from the player's nobody knows.
      if (column === CONNECTION.latency_ms) table.set(slot, CONNECTION.clock, 0);
    }
    // A starvation has begun with the report that says so first, be it by `bs` or as the state; what follows is the same one.
    if (this.#hasStarved && !wasStalled) table.add(slot, CONNECTION.buffer_underruns, 1);
    if (this.#starvedMs > 0) table.add(slot, CONNECTION.underrun_duration_ms, this.#starvedMs);
    if (this.#errors > 0) table.add(slot, CONNECTION.player_errors, this.#errors);
    if (this.#state !== null) table.set(slot, CONNECTION.playback_state, this.#state);
    // A player that can tell says only that it is hidden: one that has never said so may not know.
    if (this.hidden || table.get(slot, CONNECTION.hidden) === 1)
      table.set(slot, CONNECTION.hidden, Number(this.hidden));
  }
}

function decode(text: string): Record<string, unknown> {
  if (text.length > MAX_RECORD_CHARACTERS) {
    throw new Refusal('bad_message', `a record is at most ${MAX_RECORD_CHARACTERS} characters, not ${text.length}`);
  }
  try {
    return decodeCmcd(text) as Record<string, unknown>;
  } catch {
    throw new Refusal('bad_message', `a record is a structured field of RFC 8941, not ${show(text)}`);
  }
}

/** The number of a key that has one for each kind of media: the first of audio, or else the first. */
const ofAudio = (found: unknown) => (Array.isArray(found) ? audioItems(found)[0] : found);

/** The sum of such a key, whose list has one for each time. */
function sumOf(key: string, found: unknown, most: number): number {
  const items = Array.isArray(found) ? audioItems(found) : [found];
  return items.reduce((sum: number, item) => sum + numberOf(key, item, most), 0);
}

/** Those of a list that are marked as of audio (`a`), or all where none is. A plain item, as version 1 has it, has no mark. */
function audioItems(list: readonly unknown[]): readonly unknown[] {
  const items = list.map((item) => (isItem(item) ? item : { value: item, params: {} }));
  const ofAudioAlone = items.filter(({ params }) => Object.hasOwn(params, 'a'));
  return (ofAudioAlone.length > 0 ? ofAudioAlone : items).map(({ value }) => value);
}

function isItem(found: unknown): found is { readonly value: unknown; readonly params: object } {
  return typeof found === 'object' && found !== null && 'value' in found && 'params' in found;
}

function numberOf(key: string, found: unknown, most: number): number {
  if (typeof found === 'number' && found >= 0 && found <= most) return found;
  throw wrong(key, `a number, 0 to ${most}`, found);
}

function optionalNumber(fields: Record<string, unknown>, key: string, most: number): number {
  return fields[key] === undefined ? Number.NaN : numberOf(key, fields[key], most);
}

function flag(fields: Record<string, unknown>, key: string): boolean {
  const found = fields[key] ?? false;
  if (typeof found !== 'boolean') throw wrong(key, 'true or false', found);
  return found;
}

function stateOf(found: unknown): number {
  const state = typeof found === 'string' && Object.hasOwn(STATES, found) ? STATES[found] : undefined;
  if (state === undefined) throw wrong('sta', `one of ${Object.keys(STATES).join(', ')}`, found);
  return PLAYBACK_STATES.indexOf(state);
}

function errorsOf(found: unknown): number {
  if (Array.isArray(found) && found.every((code) => typeof code === 'string')) return found.length;
  throw wrong('ec', 'a list of texts', found);
}

const isName = (found: unknown): found is string => typeof found === 'string' && NAME.test(found);

function wrong(key: string, allowed: string, found: unknown): Refusal {
  return new Refusal('bad_value', `${key}: ${allowed}, not ${found === undefined ? 'nothing' : show(found)}`);
}
