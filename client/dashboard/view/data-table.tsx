import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Dashboard, TableState } from '../model/dashboard.js';
import type { Rows } from '../model/feed.js';
import type { Histories } from '../model/history.js';
import { type Circumstances, judge, labelOf, troubleOf, worstLevel } from '../model/judge.js';
import type { ColumnView } from '../model/layout.js';
import { nextSort } from '../model/order.js';
import { Cell } from './cell.js';
import { HeadCell } from './head-cell.js';
import { moveBy } from './keys.js';
import { Sparkline } from './sparkline.js';
import { theme } from './theme.js';
import { useWindow } from './window.js';

/** Height of a row; the style sheet's `--row` says the same. */
export const ROW_REM = 2;

/** How long rows stay in their places for a pointer that does not move: one may lie on a wall display for weeks. */
const HOLD_MS = 10_000;

interface Props {
  readonly id: string;
  readonly label: string;
  readonly dashboard: Dashboard;
  readonly state: TableState;
  readonly rows: Rows;
  readonly columns: readonly ColumnView[];
  readonly circumstances: Circumstances;
  readonly histories: Histories;
  /** Which of the histories' columns the trend shows. */
  readonly trend: string;
  readonly selected: string | null;
  readonly onSelect: (key: string | null) => void;
  readonly repaint: () => void;
  /** Instead of rows, where there are none. */
  readonly children?: ComponentChildren;
}

/** A live table: sorted, filtered, and however long it is, only the rows that can be seen are in the document. */
export function DataTable(props: Props) {
  const { id, label, dashboard, state, rows, columns, circumstances, selected, onSelect, repaint } = props;
  const scroller = useRef<HTMLDivElement>(null);
  state.order.update(rows, columns, state.wanted, circumstances, performance.now() < state.heldUntil);
  const { keys } = state.order;
  const rowPx = Math.round(ROW_REM * theme().rem);
  const shown = useWindow(scroller, keys.length, rowPx, repaint);
  useShowSelected(scroller, keys, selected, rowPx);
  const hold = (ms: number) => () => {
    state.heldUntil = performance.now() + ms;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    if (event.key === 'Escape') onSelect(null);
    const next = moveBy(event.key, keys, selected, Math.max(1, shown.perPage - 1));
    if (next === null) return;
    event.preventDefault();
    onSelect(next);
  };
  return (
    <div class="scroller" ref={scroller}>
      <table
        class="data"
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table whose rows the keyboard selects is a grid
        role="grid"
        tabIndex={0}
        aria-rowcount={keys.length + 1}
        aria-activedescendant={selected === null ? undefined : rowId(id, selected)}
        onKeyDown={onKeyDown}
        style={{ '--row': `${rowPx}px`, minWidth: widthOf(columns) }}
      >
        <caption class="unseen">{label}</caption>
        <colgroup>
          {columns.map((column) => (
            <col key={column.label} style={{ width: `${column.width}rem` }} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {columns.map((column) => (
              <HeadCell
                key={column.label}
                column={column}
                sort={state.wanted.sort}
                onSort={(by) => dashboard.want(state, { sort: nextSort(state.wanted.sort, by) })}
              />
            ))}
          </tr>
        </thead>
        {/* Rows must not move away under a pointer, so their order is held while one is over them. */}
        <tbody onPointerMove={hold(HOLD_MS)} onPointerLeave={hold(0)}>
          <tr class="spacer" style={{ height: `${shown.first * rowPx}px` }} />
          {keys.slice(shown.first, shown.end).map((key, at) => (
            <TableRow key={key} {...props} rowKey={key} index={shown.first + at} />
          ))}
          <tr class="spacer" style={{ height: `${(keys.length - shown.end) * rowPx}px` }} />
        </tbody>
      </table>
      {keys.length === 0 && props.children}
    </div>
  );
}

function TableRow(props: Props & { readonly rowKey: string; readonly index: number }) {
  const { id, rowKey, index, rows, columns, circumstances, dashboard, histories, trend, selected, onSelect } = props;
  const row = rows.get(rowKey);
  if (row === undefined) return null;
  const isClosed = labelOf(row, 'state', circumstances.catalogue) === 'closed';
  const isSelected = rowKey === selected;
  const trendSpec = circumstances.catalogue.get(trend) ?? null;
  const level = isClosed ? null : worstLevel(troubleOf(row, columns, circumstances));
  return (
    <tr
      id={rowId(id, rowKey)}
      class={`row ${isSelected ? 'selected' : ''} ${isClosed ? 'gone' : ''}`}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      onClick={() => onSelect(isSelected ? null : rowKey)}
    >
      {columns.map((column) =>
        column.kind === 'trend' ? (
          <td key={column.label} class="trend">
            <Sparkline
              history={histories.get(rowKey)}
              column={histories.columns.indexOf(trend)}
              spec={trendSpec}
              isJudged={judge(row, { ...column, name: trend, spec: trendSpec }, circumstances) !== null}
              until={dashboard.feed.now()}
              version={histories.version}
            />
          </td>
        ) : (
          <Cell
            key={column.label}
            row={row}
            column={column}
            circumstances={circumstances}
            dashboard={dashboard}
            level={level}
          />
        ),
      )}
    </tr>
  );
}

function rowId(table: string, key: string): string {
  return `${table}-${key}`;
}

/** Under this width columns are not squeezed: the table scrolls. */
function widthOf(columns: readonly ColumnView[]): string {
  return `${columns.reduce((sum, column) => sum + column.width, 0)}rem`;
}

/** Brings the selected row into view when it is selected, and leaves it alone when it moves. */
function useShowSelected(
  scroller: { readonly current: HTMLDivElement | null },
  keys: readonly string[],
  selected: string | null,
  rowPx: number,
): void {
  // Only a new selection scrolls, not each new order
  useEffect(() => {
    const index = selected === null ? -1 : keys.indexOf(selected);
    const { current } = scroller;
    if (index < 0 || current === null) return;
    const top = index * rowPx;
    // The head is sticky and covers the first row's height.
    const room = current.clientHeight - 2 * rowPx;
    if (top < current.scrollTop) current.scrollTop = top;
    else if (top > current.scrollTop + room) current.scrollTop = top - room;
  }, [selected, scroller]);
}
