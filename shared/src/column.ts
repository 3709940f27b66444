/**
 * Unit of a column's numbers. `count`, `enum` and `ratio` (0 to 1) have no dimension; `epoch_s` is seconds since
 * 1970.
 */
export type Unit =
  | 'ms'
  | 'epoch_s'
  | 'count'
  | 'count/min'
  | 'count/h'
  | '1/s'
  | 'bytes'
  | 'MB'
  | 'MB/s'
  | 'Mbps'
  | 'kbps'
  | '%'
  | 'ratio'
  | '×'
  | 'dB'
  | '°C'
  | 'W'
  | 'MHz'
  | 'enum';

/** Description of a column. */
export interface ColumnSpec {
  /** Number on the wire, unique over all tables. Append-only: an id is never given to another meaning. */
  readonly id: number;
  readonly unit: Unit;
  /** Decimal places kept: a cell holds the integer round(value × 10^scale). */
  readonly scale: number;
  /** The bad direction, or `null`. */
  readonly worse: 'more' | 'less' | 'both' | null;
  /**
   * It counts up from 0 until its row goes: what it rose by is what says something. A source that starts anew is a
   * reset.
   */
  readonly counter?: true;
  /** Where the reading should be, both ends included. */
  readonly target?: Bounds;
  /** A reading below `min` or above `max` is past its alert threshold; the bounds themselves are not. */
  readonly alert?: Bounds;
  /** Its name for people, if that is not the column's name in words: see `labelOf`. */
  readonly label?: string;
  /** For `unit: 'enum'`: label of value 0, 1, 2… Append-only. */
  readonly labels?: readonly string[];
  /** One line for people. */
  readonly help: string;
}

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** How names end that say their unit. */
const UNIT_ENDINGS: Readonly<Partial<Record<Unit, string>>> = {
  ms: '_ms',
  MB: '_mb',
  'MB/s': '_mb_s',
  Mbps: '_mbps',
  kbps: '_kbps',
  '%': '_percent',
  dB: '_db',
  'count/min': '_per_min',
  'count/h': '_per_hour',
};
const ABBREVIATIONS: Readonly<Record<string, string>> = { cpu: 'CPU', gpu: 'GPU', gc: 'GC', rtt: 'round trip' };

/** Return a column's name for people, without its unit: `buffer depth` for `buffer_depth_ms`. */
export function labelOf({ name, unit, label }: ColumnSpec & { readonly name: string }): string {
  if (label !== undefined) return label;
  const ending = UNIT_ENDINGS[unit] ?? '';
  const words = (name.endsWith(ending) ? name.slice(0, name.length - ending.length) : name).split('_');
  return words.map((word) => ABBREVIATIONS[word] ?? word).join(' ');
}
