import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Dashboard } from '../model/dashboard.js';
import type { Row } from '../model/feed.js';
import type { Histories } from '../model/history.js';
import { type Circumstances, judge, labelOf, troubleOf, worstLevel } from '../model/judge.js';
import type { ColumnView } from '../model/layout.js';
import type { Listing } from '../model/listing.js';
import { nextSort, type Sort } from '../model/order.js';
import { Cell } from './cell.js';
import { HeadCell } from './head-cell.js';
import { placeAfter } from './keys.js';
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
  readonly listing: Listing;
  readonly columns: readonly ColumnView[];
  readonly circumstances: Circumstances;
  readonly histories: Histories;
  /** Column of the trend. */
  readonly trend: string;
  readonly sort: Sort;
  readonly sortAtFirst: Sort;
  readonly onSort: (sort: Sort) => void;
  /** Key of the list: the table scrolls to its top when it changes. */
  readonly question: string;
  readonly selected: string | null;
  readonly onSelect: (key: string | null) => void;
  readonly repaint: () => void;
  /** Instead of rows, where there are none. */
  readonly children?: ComponentChildren;
}

/** A live table: however long it is, only the rows that can be seen are in the document. */
export function DataTable(props: Props) {
  const { id, label, listing, columns, sort, question, selected, onSelect, repaint } = props;
  const scroller = useRef<HTMLDivElement>(null);
  /** Until then (`performance.now()`) somebody points at rows, and they must not move away. */
  const heldUntil = useRef(0);
  /** A place that the keyboard went to, whose row may not have come yet. */
  const awaited = useRef<number | null>(null);
  const now = performance.now();
  listing.arrange(now < heldUntil.current, now);
  const { total } = listing;
  const rowPx = Math.round(ROW_REM * theme().rem);
  const shown = useWindow(scroller, total, rowPx, repaint);
  useEffect(() => listing.show(shown.first, shown.end), [listing, shown.first, shown.end]);
  useEffect(() => {
    if (scroller.current !== null) scroller.current.scrollTop = 0;
  }, [question]);
  // A new selection is brought into view; one that moves by itself is left alone.
  useEffect(() => {
    const index = selected === null ? -1 : listing.indexOf(selected);
    if (index >= 0) bringIntoView(scroller.current, index, rowPx);
  }, [selected]);
  useEffect(() => {
    const key = awaited.current === null ? null : listing.keyAt(awaited.current);
    if (key === null) return;
    awaited.current = null;
    if (key !== selected) onSelect(key);
  });
  const hold = (ms: number) => () => {
    heldUntil.current = performance.now() + ms;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    if (event.key === 'Escape') onSelect(null);
    const at = awaited.current ?? (selected === null ? -1 : listing.indexOf(selected));
    const next = placeAfter(event.key, at, total, Math.max(1, shown.perPage - 1));
    if (next === null) return;
    event.preventDefault();
    awaited.current = next;
    bringIntoView(scroller.current, next, rowPx);
    repaint();
  };
  return (
    <div class="scroller" ref={scroller}>
      <table
        class="data"
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: the keyboard selects rows, as in a grid
        role="grid"
        tabIndex={0}
        aria-rowcount={total + 1}
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
                sort={sort}
                onSort={(by) => props.onSort(nextSort(sort, by, props.sortAtFirst))}
              />
            ))}
          </tr>
        </thead>
        {/* Rows must not move away under a pointer, so their order is held while one is over them. */}
        <tbody onPointerMove={hold(HOLD_MS)} onPointerLeave={hold(0)}>
          <tr class="spacer" style={{ height: `${shown.first * rowPx}px` }} />
          {placesOf(listing, shown.first, shown.end).map(([index, row]) =>
            row === undefined ? (
              <tr key={`place ${index}`} class="awaited">
                <td colSpan={columns.length} />
              </tr>
            ) : (
              <TableRow key={row.key} {...props} row={row} index={index} />
            ),
          )}
          <tr class="spacer" style={{ height: `${(total - shown.end) * rowPx}px` }} />
        </tbody>
      </table>
      {total === 0 && props.children}
    </div>
  );
}

/**
 * Return the rows between two places. A row between two pages of the hub may be on both for a moment, and is shown
 * once.
 */
function placesOf(listing: Listing, first: number, end: number): [index: number, row: Row | undefined][] {
  const seen = new Set<string>();
  const places: [number, Row | undefined][] = [];
  for (let index = first; index < end; index++) {
    const key = listing.keyAt(index);
    places.push([index, key === null || seen.has(key) ? undefined : listing.row(key)]);
    if (key !== null) seen.add(key);
  }
  return places;
}

function TableRow(props: Props & { readonly row: Row; readonly index: number }) {
  const { id, row, index, columns, circumstances, dashboard, histories, trend, selected, onSelect } = props;
  const { key } = row;
  const isClosed = labelOf(row, 'state', circumstances.catalogue) === 'closed';
  const isSelected = key === selected;
  const trendSpec = circumstances.catalogue.get(trend) ?? null;
  const level = isClosed ? null : worstLevel(troubleOf(row, columns, circumstances));
  return (
    <tr
      id={rowId(id, key)}
      class={`row ${isSelected ? 'selected' : ''} ${isClosed ? 'gone' : ''}`}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      onClick={() => onSelect(isSelected ? null : key)}
    >
      {columns.map((column) =>
        column.kind === 'trend' ? (
          <td key={column.label} class="trend">
            <Sparkline
              history={histories.get(key)}
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

function bringIntoView(scroller: HTMLDivElement | null, index: number, rowPx: number): void {
  if (scroller === null) return;
  const top = index * rowPx;
  // The head is sticky and covers the first row's height.
  const room = scroller.clientHeight - 2 * rowPx;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top > scroller.scrollTop + room) scroller.scrollTop = top - room;
}
