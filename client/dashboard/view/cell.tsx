import type { Level } from '@auralis/shared';
import { neutral } from '@auralis/shared/neutral';
import type { Dashboard } from '../model/dashboard.js';
import type { Row } from '../model/feed.js';
import { MISSING, number, reading, shortSpan, span, timeOfDay } from '../model/format.js';
import { type Circumstances, judge, labelOf } from '../model/judge.js';
import type { ColumnView } from '../model/layout.js';
import { nameOf } from '../model/order.js';
import { LevelMark, Mark } from './mark.js';

export interface CellProps {
  readonly row: Row;
  readonly column: ColumnView;
  readonly circumstances: Circumstances;
  readonly dashboard: Dashboard;
  /** The worst of the row; null for a row that is not judged. */
  readonly level: Level | null;
}

/** One cell, without its trend: that is a canvas and the table's own business. */
export function Cell({ row, column, circumstances, dashboard, level }: CellProps) {
  const { catalogue } = circumstances;
  switch (column.kind) {
    case 'level':
      return (
        <td class={`level ${level ?? ''}`}>
          <LevelMark level={level} />
        </td>
      );
    case 'name':
      return <NameCell row={row} />;
    case 'publishing':
      return <PublishingCell row={row} column={column} circumstances={circumstances} />;
    case 'state':
      return <StateCell row={row} circumstances={circumstances} now={dashboard.feed.now()} />;
    case 'playback':
      return <PlaybackCell row={row} column={column} circumstances={circumstances} />;
    case 'status':
      return <HealthCell row={row} column={column} circumstances={circumstances} now={dashboard.feed.now()} />;
    case 'latency':
      return labelOf(row, 'clock', catalogue) === 'unsynced' ? (
        <UnsyncedCell row={row} column={column} />
      ) : (
        <ReadingCell row={row} column={column} circumstances={circumstances} />
      );
    case 'age':
      return <AgeCell row={row} column={column} circumstances={circumstances} now={dashboard.feed.now()} />;
    default:
      return <ReadingCell row={row} column={column} circumstances={circumstances} />;
  }
}

type Judged = Pick<CellProps, 'row' | 'column' | 'circumstances'>;

function ReadingCell({ row, column, circumstances }: Judged) {
  const verdict = judge(row, column, circumstances);
  const value = row.get(column.name);
  const text = column.spec === null ? MISSING : reading(column.spec, value);
  return (
    <td class={`number ${verdict?.level ?? ''} ${value === null ? 'missing' : ''}`}>
      <Mark verdict={verdict} />
      {text}
    </td>
  );
}

function NameCell({ row }: { readonly row: Row }) {
  const name = nameOf(row);
  return (
    <th
      scope="row"
      class="name"
      data-tip={neutral([name, row.key, row.attribute('address')].filter(isNew).join(' · '))}
    >
      <bdi>{name}</bdi>
      {name !== row.key && (
        <small>
          <bdi>{row.key}</bdi>
        </small>
      )}
    </th>
  );
}

const isNew = (text: string, at: number, all: readonly string[]) => text !== '' && all.indexOf(text) === at;

function PublishingCell({ row, column, circumstances }: Judged) {
  const verdict = judge(row, column, circumstances);
  const label = labelOf(row, column.name, circumstances.catalogue);
  if (label === null) return <td class="missing">{MISSING}</td>;
  return (
    <td class={verdict?.level ?? ''}>
      <Mark verdict={verdict} />
      {label === 'yes' ? <span class="on">● on air</span> : verdict === null ? '○ no engine' : 'no engine'}
    </td>
  );
}

/** A closed row keeps its cell over two columns: why it went is what people look for in it. */
function StateCell({ row, circumstances, now }: Omit<Judged, 'column'> & { readonly now: number }) {
  const label = labelOf(row, 'state', circumstances.catalogue);
  if (label === 'closed') {
    const code = row.get('close_code');
    const why = row.attribute('reason') || 'no reason given';
    return (
      <td
        colSpan={2}
        class="closed"
        data-tip={`Closed: ${neutral(why)}${code === null ? '' : ` (code ${number(code)})`}`}
      >
        ✕ <bdi>{why}</bdi>
        {code !== null && <small>{String(code)}</small>}
      </td>
    );
  }
  if (label === 'stale') {
    const since = row.get('last_report_at');
    return (
      <td class="off-target" data-tip="Open, and no report for 30 s or more">
        ◐ stale <small>{since === null ? '' : shortSpan(now - since * 1000)}</small>
      </td>
    );
  }
  return <td class={label === null ? 'missing' : ''}>{label === null ? MISSING : `● ${label}`}</td>;
}

const PLAYBACK_GLYPHS: Readonly<Record<string, string>> = {
  playing: '▶',
  paused: '❚❚',
  starting: '…',
  stalled: '◇',
  ended: '■',
  idle: '○',
};

function PlaybackCell({ row, column, circumstances }: Judged) {
  const { catalogue } = circumstances;
  if (labelOf(row, 'state', catalogue) === 'closed') return null;
  const label = labelOf(row, column.name, catalogue);
  const verdict = judge(row, column, circumstances);
  const isHidden = labelOf(row, 'hidden', catalogue) === 'hidden';
  return (
    <td class={label === null ? 'missing' : (verdict?.level ?? '')}>
      {label === null ? MISSING : <span class="glyph">{PLAYBACK_GLYPHS[label] ?? '·'}</span>}
      {label}
      {isHidden && <small data-tip="The page is hidden: its timers may run once a minute">hidden</small>}
    </td>
  );
}

/**
 * The worst of what the hub sees, and since when; in the tip, how far its own words are believed and how long its
 * sound lasts.
 */
function HealthCell({ row, column, circumstances, now }: Judged & { readonly now: number }) {
  const { catalogue } = circumstances;
  const label = labelOf(row, column.name, catalogue);
  if (label === null || labelOf(row, 'state', catalogue) === 'closed') return <td class="missing">{MISSING}</td>;
  const verdict = judge(row, column, circumstances);
  const trust = labelOf(row, 'trust', catalogue);
  const silence = row.get('time_to_gap_ms');
  // A listener that has just recovered keeps its "since" for a while, in case it is not for long.
  const since = verdict?.level === 'ok' ? null : row.get('not_ok_since');
  const spec = catalogue.get('time_to_gap_ms');
  const tips = [`its word: ${trust ?? 'unknown'}`];
  if (since !== null) tips.unshift(`not well since ${timeOfDay(since * 1000)}`);
  if (silence !== null && spec !== undefined) tips.push(`silence in ${reading(spec, silence)} ${spec.unit}`);
  return (
    <td class={verdict?.level ?? ''} data-tip={tips.join(' · ')}>
      <Mark verdict={verdict} />
      {label.replace('_', ' ')}
      {since !== null && <small>{shortSpan(now - since * 1000)}</small>}
    </td>
  );
}

/** A latency by a clock that nobody compared with the hub's: shown, and not to be believed. */
function UnsyncedCell({ row, column }: Omit<Judged, 'circumstances'>) {
  const value = row.get(column.name);
  return (
    <td
      class={`number ${value === null ? 'missing' : 'unsynced'}`}
      data-tip={value === null ? undefined : "By the listener's own clock, which was not compared with the hub's"}
    >
      {value !== null && (
        <span class="mark" role="img" aria-label="clock unsynced">
          ?
        </span>
      )}
      {column.spec === null ? MISSING : reading(column.spec, value)}
    </td>
  );
}

/** How long ago; for a closed row, how long it lasted. */
function AgeCell({ row, column, circumstances, now }: Judged & { readonly now: number }) {
  const since = row.get(column.name);
  const isClosed = labelOf(row, 'state', circumstances.catalogue) === 'closed';
  const closedAt = row.get('closed_at');
  const until = isClosed && closedAt !== null ? closedAt * 1000 : now;
  return (
    <td class={`number ${since === null ? 'missing' : ''}`}>{span(since === null ? null : until - since * 1000)}</td>
  );
}
