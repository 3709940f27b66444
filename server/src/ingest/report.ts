import { MAX_ABS_MS, MAX_COUNT, PLAYBACK_STATES, show } from '@auralis/shared';
import { Refusal } from '../check/refusal.js';
import { CONNECTION, type Tables } from '../state/tables.js';

/** Type of a field's value. `clock`: any finite number, because a stranger's clock can be off by years. */
export type Kind = 'count' | 'ms' | 'clock' | 'ratio' | 'flag' | 'playback';

export interface ReportField {
  readonly name: string;
  readonly kind: Kind;
  /** Index of its column in `connections`. */
  readonly column: number;
}

/** The fields of `client_metrics`, each with its column; the order is the SDK's own. */
export const REPORT_FIELDS: readonly ReportField[] = [
  { name: 'chunksReceived', kind: 'count', column: CONNECTION.chunks_received },
  { name: 'chunkErrors', kind: 'count', column: CONNECTION.chunk_errors },
  { name: 'bufferUnderruns', kind: 'count', column: CONNECTION.buffer_underruns },
  { name: 'avgLatencyMs', kind: 'clock', column: CONNECTION.latency_ms },
  { name: 'errorRate', kind: 'ratio', column: CONNECTION.error_rate },
  { name: 'lastSeq', kind: 'count', column: CONNECTION.last_seq },
  { name: 'jitterMs', kind: 'ms', column: CONNECTION.jitter_ms },
  { name: 'rttMs', kind: 'ms', column: CONNECTION.client_rtt_ms },
  { name: 'clockOffsetMs', kind: 'clock', column: CONNECTION.clock_offset_ms },
  { name: 'clockErrorMs', kind: 'ms', column: CONNECTION.clock_error_ms },
  { name: 'bufferDepthMs', kind: 'ms', column: CONNECTION.buffer_depth_ms },
  { name: 'underrunDurationMs', kind: 'ms', column: CONNECTION.underrun_duration_ms },
  { name: 'outputLatencyMs', kind: 'ms', column: CONNECTION.output_latency_ms },
  { name: 'startupMs', kind: 'ms', column: CONNECTION.startup_ms },
  { name: 'playbackState', kind: 'playback', column: CONNECTION.playback_state },
  { name: 'hidden', kind: 'flag', column: CONNECTION.hidden },
  { name: 'sentAt', kind: 'clock', column: CONNECTION.sent_at_ms },
];

/** Range of a number of each kind. */
const RANGES: Readonly<Record<Kind, readonly [least: number, most: number]>> = {
  count: [0, MAX_COUNT],
  ms: [-MAX_ABS_MS, MAX_ABS_MS],
  // Beyond what a cell holds the table stores missing: a wrong clock is taken, and shown as no reading.
  clock: [-Number.MAX_VALUE, Number.MAX_VALUE],
  ratio: [0, MAX_COUNT],
  flag: [0, 1],
  playback: [0, PLAYBACK_STATES.length - 1],
};
// By place, so that checking a number is two comparisons.
const LEAST = Float64Array.from(REPORT_FIELDS, ({ kind }) => RANGES[kind][0]);
const MOST = Float64Array.from(REPORT_FIELDS, ({ kind }) => RANGES[kind][1]);
const IS_WHOLE = Uint8Array.from(REPORT_FIELDS, ({ kind }) => (kind === 'count' ? 1 : 0));
/**
 * Columns that the hub computes from the fields come after them, so that one call writes all and marks the row once.
 */
const CLOCK_KNOWN = REPORT_FIELDS.length;
const LATENCY_MARKED = CLOCK_KNOWN + 1;
const ERROR_RATE_MARKED = CLOCK_KNOWN + 2;
const COLUMNS = Uint16Array.of(
  ...REPORT_FIELDS.map(({ column }) => column),
  CONNECTION.clock,
  CONNECTION.latency_marked,
  CONNECTION.error_rate_marked,
);
const FIELD_AT = new Map(REPORT_FIELDS.map((field, at) => [field.name, at]));
const LAST_SEQ = FIELD_AT.get('lastSeq') as number;
const BUFFER_DEPTH = FIELD_AT.get('bufferDepthMs') as number;
const HIDDEN = FIELD_AT.get('hidden') as number;
const LATENCY = FIELD_AT.get('avgLatencyMs') as number;
const ERROR_RATE = FIELD_AT.get('errorRate') as number;
const CLOCK_ERROR = FIELD_AT.get('clockErrorMs') as number;

/** Half the round trip is the error that an exchange of clocks leaves: ten seconds of round trip is no network. */
const MAX_CLOCK_ERROR_MS = 5_000;
/** Audio a minute old is not live; a clock that is wrong is more likely. */
const MAX_LATENCY_MS = 60_000;

/**
 * One `client_metrics` report, checked: all of it is good or none of it is taken. Used again for every report, so
 * that reading one allocates nothing.
 */
export class Report {
  /** By place in REPORT_FIELDS: NaN for a field that was null. Behind them what `writeTo` makes of them. */
  readonly values = new Float64Array(COLUMNS.length);
  readonly present = new Uint8Array(COLUMNS.length);
  /** Unknown fields, and fields with an unknown label. */
  ignored = 0;
  /**
   * No chunk that it can speak of is older than this, ms; whoever knows better than `begin` says so before `writeTo`.
   */
  oldestChunkMs = Number.POSITIVE_INFINITY;
  /** `writeTo` found that its latency cannot be. */
  isLatencyImpossible = false;

  /** Reads `metrics` of a message. @throws Refusal */
  read(metrics: unknown): void {
    if (typeof metrics !== 'object' || metrics === null || Array.isArray(metrics)) {
      throw new Refusal('bad_value', `metrics: a map, not ${show(metrics)}`);
    }
    this.begin();
    for (const name of Object.keys(metrics)) {
      const at = FIELD_AT.get(name);
      if (at === undefined) this.ignored++;
      else this.#take(at, (metrics as Record<string, unknown>)[name]);
    }
  }

  /** Forgets the report before. */
  begin(): void {
    // A loop: `fill` is a call into native code.
    for (let at = 0; at < this.present.length; at++) this.present[at] = 0;
    this.ignored = 0;
    this.oldestChunkMs = Number.POSITIVE_INFINITY;
    this.isLatencyImpossible = false;
  }

  /**
   * Takes the number that stands in `values` at `at` as that field. (It is no argument: a call boxes a double.)
   * @throws Refusal
   */
  takeValue(at: number): void {
    const value = this.values[at] as number;
    const isWithin = value >= (LEAST[at] as number) && value <= (MOST[at] as number);
    if (!isWithin || (IS_WHOLE[at] === 1 && Math.floor(value) !== value))
      throw wrong(REPORT_FIELDS[at] as ReportField, value);
    this.present[at] = 1;
  }

  /** Takes a flag or a playback state as its number, which must be one. */
  takeCode(at: number, code: number): void {
    this.values[at] = code;
    this.present[at] = 1;
  }

  /** The field is there and null: missing. */
  takeNull(at: number): void {
    this.values[at] = Number.NaN;
    this.present[at] = 1;
  }

  /** Last chunk that the report confirms, or null. */
  get lastSeq(): number | null {
    const seq = this.#reading(LAST_SEQ);
    return Number.isNaN(seq) ? null : seq;
  }

  /** Whether the page said that it is hidden; null where it said nothing. */
  get hidden(): boolean | null {
    const value = this.#reading(HIDDEN);
    return Number.isNaN(value) ? null : value === 1;
  }

  /** Does it say what its buffer is? */
  get saysBufferDepth(): boolean {
    return !Number.isNaN(this.#reading(BUFFER_DEPTH));
  }

  /** Write the report to a row of `connections`. Columns that it does not mention stay as they are. */
  writeTo(table: Tables['connections'], slot: number): void {
    if (this.present[LATENCY] === 1) this.#judgeLatency();
    const errorRate = this.#reading(ERROR_RATE);
    if (errorRate === errorRate) this.takeCode(ERROR_RATE_MARKED, errorRate > 1 ? 1 : 0);
    table.setSome(slot, COLUMNS, this.values, this.present);
  }

  /**
   * Judge a latency. It counts if the client knows the error of its clock, that error is possible over a network, and
   * physics allows the figure. It may not be below 0 by more than the error, nor older than the audio. An impossible
   * latency is marked; without a clock none can be judged.
   */
  #judgeLatency(): void {
    const latency = this.values[LATENCY] as number;
    const error = this.#reading(CLOCK_ERROR);
    const isKnown = error >= 0 && error <= MAX_CLOCK_ERROR_MS;
    const isPossible = latency >= -error && latency <= this.oldestChunkMs + error;
    const isJudged = isKnown && !Number.isNaN(latency);
    this.isLatencyImpossible = isJudged && !isPossible;
    this.takeCode(CLOCK_KNOWN, isKnown && isPossible && latency <= MAX_LATENCY_MS ? 1 : 0);
    if (isJudged) this.takeCode(LATENCY_MARKED, isPossible ? 0 : 1);
    else this.takeNull(LATENCY_MARKED);
  }

  /** A reading, or NaN. (`number | null` would box each one.) */
  #reading(at: number): number {
    return this.present[at] === 1 ? (this.values[at] as number) : Number.NaN;
  }

  #take(at: number, value: unknown): void {
    const field = REPORT_FIELDS[at] as ReportField;
    if (value === null) this.takeNull(at);
    else if (field.kind === 'playback' && typeof value === 'string') this.#takeLabel(at, value);
    else if (typeof value === 'number' && field.kind !== 'flag' && field.kind !== 'playback') {
      this.values[at] = value;
      this.takeValue(at);
    } else {
      if (field.kind !== 'flag' || typeof value !== 'boolean') throw wrong(field, value);
      this.takeCode(at, Number(value));
    }
  }

  /** An unknown label counts as missing: a newer player must not go unheard because it knows one state more. */
  #takeLabel(at: number, label: string): void {
    const code = (PLAYBACK_STATES as readonly string[]).indexOf(label);
    if (code >= 0) this.takeCode(at, code);
    else {
      this.ignored++;
      this.takeNull(at);
    }
  }
}

const ALLOWED: Readonly<Record<Kind, string>> = {
  count: 'a whole number, not negative',
  ms: 'a number of milliseconds within a day',
  clock: 'a number of milliseconds',
  ratio: 'a number, not negative',
  flag: 'true or false',
  playback: `one of ${PLAYBACK_STATES.join(', ')}`,
};

function wrong(field: ReportField, found: unknown): Refusal {
  return new Refusal('bad_value', `metrics.${field.name}: ${ALLOWED[field.kind]}, not ${show(found)}`);
}
