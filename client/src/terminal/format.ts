import { type ColumnSpec, type Level, levelOf } from '@auralis/shared';

export const MISSING = '–';
/** The mark that follows a reading when colour is off. */
const MARKS: Readonly<Record<Level, string>> = { alert: '!', 'off-target': '·', ok: ' ' };

type Formatted = Pick<ColumnSpec, 'unit' | 'scale' | 'labels'>;

/**
 * A reading for people, without its unit, which the column's head shows. It takes at most `width` cells when it can.
 * A time is shown as its age at `nowMs` (ms since 1970).
 */
export function formatValue(column: Formatted, value: number | null, nowMs: number, width = 8): string {
  if (value === null) return MISSING;
  if (column.labels !== undefined) return column.labels[value] ?? String(value);
  if (column.unit === 'epoch_s') return formatDuration(nowMs - value * 1000);
  const exact = value.toFixed(column.scale);
  if (exact.length <= width) return exact;
  const whole = value.toFixed(0);
  return whole.length <= width ? whole : compact(value);
}

const THOUSANDS = ['', 'k', 'M', 'G', 'T', 'P'];

/** Four digits and a suffix: 12.35M. */
function compact(value: number): string {
  let size = value;
  let power = 0;
  while (Math.abs(size) >= 1000 && power < THOUSANDS.length - 1) {
    size /= 1000;
    power++;
  }
  return `${Number(size.toPrecision(4))}${THOUSANDS[power]}`;
}

/** 12 s, 3m 05s, 2h 10m, 5d 3h. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const two = (count: number) => String(count).padStart(2, '0');
  if (seconds < 60) return `${seconds} s`;
  if (minutes < 60) return `${minutes}m ${two(seconds % 60)}s`;
  if (hours < 24) return `${hours}h ${two(minutes % 60)}m`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** A reading with its mark: `!` past its alert threshold, `·` off its target. */
export function markedValue(
  column: Formatted & Pick<ColumnSpec, 'target' | 'alert'>,
  value: number | null,
  nowMs: number,
): { readonly text: string; readonly level: Level | null } {
  const level = levelOf(column, value);
  return { text: formatValue(column, value, nowMs) + MARKS[level ?? 'ok'], level };
}
