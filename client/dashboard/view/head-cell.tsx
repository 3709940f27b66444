import { boundsText, unitName } from '../model/format.js';
import type { ColumnView } from '../model/layout.js';
import { isDescending, type Sort } from '../model/order.js';

interface Props {
  readonly column: ColumnView;
  readonly sort: Sort;
  readonly onSort: (label: string) => void;
}

/** A column's head: its short name, its unit, what the catalogue says of it, and sorting by a click. */
export function HeadCell({ column, sort, onSort }: Props) {
  const { spec, label, kind } = column;
  const unit = spec === null ? '' : unitName(spec.unit);
  const tip = spec === null ? column.help : `${spec.help}. ${boundsText(spec)}`.trim();
  if (column.sortBy === null) {
    return (
      <th scope="col" class={`head fixed ${kind}`} data-tip={tip}>
        {label}
      </th>
    );
  }
  const isSorted = sort.label === label;
  // aria-sort speaks of values: worst first is the greatest first, or the least.
  const direction = isDescending(sort, spec) ? 'descending' : 'ascending';
  return (
    <th
      scope="col"
      class={`head ${kind === 'level' ? 'level' : ''} ${isNumeric(column) ? 'number' : ''} ${kind === 'name' ? 'name' : ''}`}
      aria-sort={isSorted ? direction : 'none'}
    >
      <button type="button" onClick={() => onSort(label)} data-tip={tip} aria-label={`${label}: sort`}>
        {kind === 'level' ? '!' : label}
        {unit !== '' && <small>{unit}</small>}
        <span class="arrow" aria-hidden="true">
          {isSorted ? (sort.worstFirst ? '↓' : '↑') : ''}
        </span>
      </button>
    </th>
  );
}

function isNumeric({ kind }: ColumnView): boolean {
  return kind === 'reading' || kind === 'latency' || kind === 'age';
}
