import { MAX_ABS_MS, MAX_COUNT, PLAYBACK_STATES, type PlaybackState, show } from '@auralis/shared';
import { decodeCmcd } from '@svta/cml-cmcd';
import { SfToken } from '@svta/cml-structured-field-values';
import { Refusal } from '../check/refusal.js';
import { CONNECTION, PLAYBACK, type Tables } from '../state/tables.js';

/** A record with every key of the standard is about 1,000 characters. */
const MAX_RECORD_CHARACTERS = 8_192;
/** A session's name becomes part of a row's key. */
const NAME = /^[\x21-\x7e]{1,128}$/;
/** A number as a text. */
const DIGITS = /^\d{1,15}$/;

/**
 * CTA-5004-B's player states. A player that seeks or loads is about to play; one that waits for its user does
 * nothing.
 */
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
const STALLED = PLAYBACK.stalled;

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
/** Keys that are read. Others have no place here. */
const READ = new Set([...Object.keys(NUMBERS), 'v', 'sid', 'cid', 'e', 'ts', 'sn', 'sta', 'bg', 'bs', 'bsd', 'ec']);

/**
 * One CMCD record of a player without our SDK (CTA-5004-B; version 1 too). A field of a wrong type or with an unknown
 * label is ignored and counted, because the rest of the record is still good.
 */
export class CmcdRecord {
  /** Its playback session, which is the connection. */
  readonly session: string;
  /** Content that it plays, or null. */
  readonly content: string | null;
  /** Number of the report in its session, and the player's clock, ms; NaN if missing. */
  readonly sequence: number;
  readonly sentAtMs: number;
  /** The user has ended it. */
  readonly hasQuit: boolean;
  readonly hidden: boolean;
  readonly saysBufferDepth: boolean;
  /** A player's clock is not proven, so no latency is impossible. */
  readonly isLatencyImpossible = false;
  /** Keys without a column, and keys without a usable value. */
  readonly ignored: number;

  readonly #numbers: readonly (readonly [column: number, value: number])[];
  readonly #state: number | null;
  readonly #hasStarved: boolean;
  readonly #starvedMs: number;
  readonly #errors: number;

  /** @throws Refusal if the text is no record, or names no session */
  constructor(text: string) {
    const fields = new Fields(decode(text));
    this.session = fields.session();
    this.content = fields.read('cid', textOf);
    this.sequence = fields.number('sn', MAX_COUNT);
    this.sentAtMs = fields.number('ts', Number.MAX_SAFE_INTEGER);
    const state = fields.read('sta', stateOf);
    this.#state = state === null ? null : PLAYBACK_STATES.indexOf(STATES[state] as PlaybackState);
    this.hasQuit = state === QUIT;
    this.hidden = fields.read('bg', flagOf) ?? false;
    this.#numbers = Object.entries(NUMBERS).flatMap(([key, { column, most }]) => {
      const value = fields.number(key, most);
      return Number.isNaN(value) ? [] : [[column, value] as const];
    });
    this.saysBufferDepth = this.#says(CONNECTION.buffer_depth_ms);
    const isStarved = fields.read('bs', flagOf) ?? false;
    this.#hasStarved = (isStarved || this.#state === STALLED) && !this.#says(CONNECTION.buffer_underruns);
    const starvedMs = fields.read('bsd', sumOf) ?? 0;
    this.#starvedMs = this.#says(CONNECTION.underrun_duration_ms) ? 0 : starvedMs;
    // An error event (`e`) is one error even if the player has no code for it.
    this.#errors = fields.read('ec', errorsOf) ?? Number(fields.read('e', textOf) === 'e');
    fields.read('v', versionOf);
    this.ignored = fields.ignored;
  }

  writeTo(table: Tables['connections'], slot: number): void {
    const wasStalled = table.get(slot, CONNECTION.playback_state) === STALLED;
    for (const [column, value] of this.#numbers) {
      table.set(slot, column, value);
      // Measured against the origin's clock, whose offset from the player's is unknown.
      if (column === CONNECTION.latency_ms) table.set(slot, CONNECTION.clock, 0);
    }
    // Rebuffering begins with the first report that says so, by `bs` or as the state. Later reports are about the
    // same one.
    if (this.#hasStarved && !wasStalled) table.add(slot, CONNECTION.buffer_underruns, 1);
    if (this.#starvedMs > 0) table.add(slot, CONNECTION.underrun_duration_ms, this.#starvedMs);
    if (this.#errors > 0) table.add(slot, CONNECTION.player_errors, this.#errors);
    if (this.#state !== null) table.set(slot, CONNECTION.playback_state, this.#state);
    // Players report only that they are hidden. A player that never did may not know.
    if (this.hidden || table.get(slot, CONNECTION.hidden) === 1)
      table.set(slot, CONNECTION.hidden, Number(this.hidden));
  }

  #says(column: number): boolean {
    return this.#numbers.some(([said]) => said === column);
  }
}

/** Return the fields of a record. Fields without a column or a usable value are counted. */
class Fields {
  ignored: number;
  readonly #found: Readonly<Record<string, unknown>>;

  constructor(found: Readonly<Record<string, unknown>>) {
    this.#found = found;
    this.ignored = Object.keys(found).filter((key) => !READ.has(key)).length;
  }

  /** Return a reading, or null. `reading` returns null for a value that is not usable. */
  read<Reading>(key: string, reading: (found: unknown) => Reading | null): Reading | null {
    const found = this.#found[key];
    if (found === undefined) return null;
    const value = reading(found);
    if (value === null) this.ignored++;
    return value;
  }

  /** Return a number from 0 to `most`, or NaN. */
  number(key: string, most: number): number {
    return this.read(key, (found) => numberOf(ofAudio(found), most)) ?? Number.NaN;
  }

  /** The session, without which a record belongs to no row. @throws Refusal */
  session(): string {
    const found = this.#found.sid;
    const name = textOf(found);
    if (name !== null && NAME.test(name)) return name;
    const shown = found === undefined ? 'nothing' : show(found);
    throw new Refusal('bad_value', `sid: a text of 1 to 128 visible characters, not ${shown}`);
  }
}

function decode(text: string): Record<string, unknown> {
  if (text.length > MAX_RECORD_CHARACTERS) {
    throw new Refusal('bad_message', `a record is at most ${MAX_RECORD_CHARACTERS} characters, not ${text.length}`);
  }
  try {
    // Parse without symbols: those of `Symbol.for` stay in memory for good, and a stranger could send any number of
    // names.
    const fields = decodeCmcd(text, { useSymbol: false });
    return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, withoutTokens(value)]));
  } catch {
    throw new Refusal('bad_message', `a record is a structured field of RFC 8941, not ${show(text)}`);
  }
}

/** Turn tokens of structured fields into texts. */
function withoutTokens(found: unknown): unknown {
  if (Array.isArray(found)) return found.map(withoutTokens);
  if (isItem(found)) return { value: withoutTokens(found.value), params: found.params };
  return found instanceof SfToken ? found.description : found;
}

/** Return the number of a key that has one for each kind of media: the first of audio, or else the first. */
const ofAudio = (found: unknown) => (Array.isArray(found) ? audioItems(found)[0] : found);

/** Return the sum of such a key, whose list has one for each time, in ms; null if an item is not a duration. */
function sumOf(found: unknown): number | null {
  const items = (Array.isArray(found) ? audioItems(found) : [found]).map((item) => numberOf(item, MAX_ABS_MS));
  return items.reduce<number | null>((sum, ms) => (sum === null || ms === null ? null : sum + ms), 0);
}

/** Return the items marked as audio (`a`), or all if there are none. Plain items, as in version 1, have no mark. */
function audioItems(list: readonly unknown[]): readonly unknown[] {
  const items = list.map((item) => (isItem(item) ? item : { value: item, params: {} }));
  const ofAudioAlone = items.filter(({ params }) => Object.hasOwn(params, 'a'));
  return (ofAudioAlone.length > 0 ? ofAudioAlone : items).map(({ value }) => value);
}

function isItem(found: unknown): found is { readonly value: unknown; readonly params: object } {
  return typeof found === 'object' && found !== null && 'value' in found && 'params' in found;
}

/** Return a number from 0 to `most`, which some players write as a text; null for anything else. */
function numberOf(found: unknown, most: number): number | null {
  const value = typeof found === 'string' && DIGITS.test(found) ? Number(found) : found;
  return typeof value === 'number' && value >= 0 && value <= most ? value : null;
}

/** Some players write 0 and 1, or texts, for a flag. */
function flagOf(found: unknown): boolean | null {
  if (typeof found === 'boolean') return found;
  if (found === 1 || found === '1' || found === 'true') return true;
  return found === 0 || found === '0' || found === 'false' ? false : null;
}

/** Return a name, which some players write as a number. */
function textOf(found: unknown): string | null {
  if (typeof found === 'number') return String(found);
  return typeof found === 'string' ? found : null;
}

const stateOf = (found: unknown) => (typeof found === 'string' && Object.hasOwn(STATES, found) ? found : null);

/** Both versions are read alike. */
const versionOf = (found: unknown) => numberOf(found, 2);

/** Return the number of codes. A player with one code sends it alone, as a text or a number. */
function errorsOf(found: unknown): number | null {
  if (Array.isArray(found)) return found.length;
  return typeof found === 'boolean' ? null : 1;
}
