import { neutral } from '@auralis/shared/neutral';
import { useEffect, useRef } from 'preact/hooks';
import { CONNECTION_SORT, type Dashboard, type Trend } from '../model/dashboard.js';
import { number } from '../model/format.js';
import { labelOf } from '../model/judge.js';
import { CONNECTION_LAYOUT, NARROW_CONNECTION_LAYOUT, viewOf } from '../model/layout.js';
import { DataTable } from './data-table.js';
import { theme } from './theme.js';

interface Props {
  readonly dashboard: Dashboard;
  readonly repaint: () => void;
}

/** The listeners of the selected stream. */
export function Connections({ dashboard, repaint }: Props) {
  const { catalogue, listeners, wanted } = dashboard;
  const { stream, connection } = dashboard.place;
  return (
    <section class="panel connections" aria-labelledby="connections-title">
      <div class="bar">
        <h2 id="connections-title" tabIndex={-1}>
          {stream === null ? (
            'Listeners'
          ) : (
            <>
              Listeners of <bdi>{stream}</bdi>
            </>
          )}
        </h2>
        {listeners.isKnown && <Census dashboard={dashboard} />}
        <Controls dashboard={dashboard} />
      </div>
      <DataTable
        id="connections"
        label={`Listeners of ${neutral(stream ?? 'no stream')}`}
        dashboard={dashboard}
        listing={listeners}
        columns={viewOf(theme().narrow ? NARROW_CONNECTION_LAYOUT : CONNECTION_LAYOUT, catalogue)}
        circumstances={{ catalogue, publishing: isPublishing(dashboard) }}
        histories={dashboard.connectionHistories}
        trend={dashboard.trend === 'buffer' ? 'buffer_depth_ms' : 'latency_ms'}
        sort={wanted.sort}
        sortAtFirst={CONNECTION_SORT}
        onSort={(sort) => dashboard.want({ sort })}
        question={JSON.stringify([stream, wanted])}
        selected={connection}
        onSelect={(key) => dashboard.selectConnection(key)}
        repaint={repaint}
      >
        {listeners.isKnown && <Nobody dashboard={dashboard} />}
      </DataTable>
    </section>
  );
}

function isPublishing(dashboard: Dashboard): boolean | null {
  const { stream, tables } = dashboard;
  const label = stream === undefined ? null : labelOf(stream, 'publishing', tables.catalogue('streams'));
  return label === null ? null : label === 'yes';
}

/** How many there are, and how many of them are in which trouble: the answer to "is it one, or all?". */
function Census({ dashboard }: { readonly dashboard: Dashboard }) {
  const { listeners, stream, wanted } = dashboard;
  const isWhole = wanted.filter.trim() === '' && !wanted.onlyTroubled;
  const all = stream?.get('active_connections') ?? null;
  const critical = stream?.get('listeners_critical') ?? 0;
  const warning = stream?.get('listeners_warning') ?? 0;
  return (
    <p class="census">
      <span>{isWhole ? number(all ?? listeners.total) : `${number(listeners.total)} of ${number(all)}`}</span>
      {critical > 0 && <span class="alert">◆ {number(critical)} critical</span>}
      {warning > 0 && <span class="off-target">◇ {number(warning)} not well</span>}
    </p>
  );
}

const TRENDS: readonly (readonly [Trend, string])[] = [
  ['buffer', 'Buffer'],
  ['latency', 'Latency'],
];

function Controls({ dashboard }: { readonly dashboard: Dashboard }) {
  const { wanted } = dashboard;
  const filter = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      filter.current?.focus();
    };
    document.addEventListener('keydown', focus);
    return () => document.removeEventListener('keydown', focus);
  }, []);
  return (
    <div class="controls">
      <label class="toggle">
        <input
          type="checkbox"
          checked={wanted.onlyTroubled}
          onChange={(event) => dashboard.want({ onlyTroubled: event.currentTarget.checked })}
        />
        only not ok
      </label>
      <fieldset class="segments">
        <legend class="unseen">Trend shows</legend>
        {TRENDS.map(([trend, label]) => (
          <label key={trend}>
            <input
              type="radio"
              name="trend"
              checked={dashboard.trend === trend}
              onChange={() => dashboard.setTrend(trend)}
            />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
      <input
        ref={filter}
        type="search"
        class="filter"
        placeholder="Filter  /"
        aria-label="Filter listeners by name, address, state or reason"
        value={wanted.filter}
        onInput={(event) => dashboard.want({ filter: event.currentTarget.value })}
      />
    </div>
  );
}

function Nobody({ dashboard }: { readonly dashboard: Dashboard }) {
  const { wanted } = dashboard;
  const { stream } = dashboard.place;
  if (wanted.onlyTroubled || wanted.filter.trim() !== '') {
    return (
      <div class="empty">
        <p>{wanted.filter.trim() === '' ? 'No listener in trouble.' : 'No listener matches.'}</p>
      </div>
    );
  }
  if (stream === null) return null;
  const isKnown = dashboard.streams.has(stream);
  const page = `listen?stream=${encodeURIComponent(stream)}`;
  return (
    <div class="empty">
      <p>{isKnown ? 'Nobody is listening.' : `The hub has no stream “${neutral(stream)}” now.`}</p>
      {isKnown && (
        <p>
          Open{' '}
          <a href={page} target="_blank" rel="noreferrer">
            /{page}
          </a>
        </p>
      )}
    </div>
  );
}
