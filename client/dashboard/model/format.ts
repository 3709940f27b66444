/** Numbers for people. Missing is a dash, everywhere: never blank, never NaN. */
import type { Bounds, CatalogueEntry, Unit } from '@auralis/shared';

export const MISSING = '–';

const formats = [0, 1, 2, 3].map(
  (digits) => new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);

/** With thousands separated and a real minus sign. */
export function number(value: number | null, digits = 0): string {
  if (value === null || !Number.isFinite(value)) return MISSING;
  return (formats[digits] ?? (formats[3] as Intl.NumberFormat)).format(value).replace('-', '−');
}

/** A reading as its column wants it shown, without the unit, which the column's head carries. */
export function reading(spec: Pick<CatalogueEntry, 'unit' | 'scale' | 'labels'>, value: number | null): string {
  if (value === null) return MISSING;
  if (spec.unit === 'enum') return spec.labels?.[value] ?? `#${value}`;
  if (spec.unit === 'bytes') return bytes(value);
  if (spec.unit === 'ratio') return number(value * 100, 1);
  // Tenths of a millisecond say something below a second, and take room above it.
  return number(value, Math.abs(value) >= 1000 ? 0 : Math.min(spec.scale, 1));
}

const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

export function bytes(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return MISSING;
  let scaled = value;
  let unit = 0;
  while (Math.abs(scaled) >= 1000 && unit < BYTE_UNITS.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return `${number(scaled, unit === 0 || scaled >= 100 ? 0 : 1)} ${BYTE_UNITS[unit]}`;
}

/** A span in its two largest units: "42 s", "3 min 05 s", "2 h 07 min", "5 d 3 h". */
export function span(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return MISSING;
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (seconds < 60) return `${seconds} s`;
  if (minutes < 60) return `${minutes} min ${two(seconds % 60)} s`;
  if (hours < 24) return `${hours} h ${two(minutes % 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A span in its largest unit, where there is little room. */
export function shortSpan(ms: number | null): string {
  const [value = MISSING, unit = ''] = span(ms).split(' ');
  return `${value} ${unit}`.trim();
}

/** Time of day, as the reader's own clock on the wall shows it. */
export function timeOfDay(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

const UNIT_NAMES: Partial<Record<Unit, string>> = {
  count: '',
  enum: '',
  ratio: '%',
  bytes: '',
  epoch_s: '',
  '1/s': '/s',
};

/** Return the unit beside a column's name; '' if the cells carry their own, or there is none. */
export function unitName(unit: Unit): string {
  return (UNIT_NAMES[unit] ?? unit).replace('count', '');
}

/** "Target 150–500 ms. Alert below 50 or above 1,000 ms." */
export function boundsText(spec: Pick<CatalogueEntry, 'target' | 'alert' | 'unit'>): string {
  const unit = unitName(spec.unit);
  const text = (value: number) =>
    spec.unit === 'ratio' ? number(value * 100) : number(value, Number.isInteger(value) ? 0 : 2);
  const parts: string[] = [];
  if (spec.target !== undefined) parts.push(`Target ${range(spec.target, text)}${suffix(unit)}.`);
  if (spec.alert !== undefined) {
    const { min, max } = spec.alert;
    const sides = [min === undefined ? '' : `below ${text(min)}`, max === undefined ? '' : `above ${text(max)}`];
    parts.push(`Alert ${sides.filter((side) => side !== '').join(' or ')}${suffix(unit)}.`);
  }
  return parts.join(' ');
}

function range({ min, max }: Bounds, text: (value: number) => string): string {
  if (min === undefined) return max === 0 ? '0' : `at most ${text(max ?? 0)}`;
  return max === undefined ? `at least ${text(min)}` : `${text(min)}–${text(max)}`;
}

function suffix(unit: string): string {
  return unit === '' || unit.startsWith('/') ? unit : ` ${unit}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
