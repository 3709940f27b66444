import { useEffect, useRef } from 'preact/hooks';
import type { Dashboard, Trend } from '../model/dashboard.js';
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
  const catalogue = dashboard.catalogues.connections;
  const { stream, connection } = dashboard.place;
  return (
    <section class="panel connections" aria-labelledby="connections-title">
      <div class="bar">
        <h2 id="connections-title">{stream === null ? 'Listeners' : `Listeners of ${stream}`}</h2>
        {dashboard.knowsConnections && <Census dashboard={dashboard} />}
        <Controls dashboard={dashboard} />
      </div>
      <DataTable
        id="connections"
        label={`Listeners of ${stream ?? 'no stream'}`}
        dashboard={dashboard}
        state={dashboard.connectionTable}
        rows={dashboard.connections}
        columns={viewOf(theme().narrow ? NARROW_CONNECTION_LAYOUT : CONNECTION_LAYOUT, catalogue)}
        circumstances={{ catalogue, publishing: isPublishing(dashboard) }}
        histories={dashboard.connectionHistories}
        trend={dashboard.trend === 'buffer' ? 'buffer_depth_ms' : 'latency_ms'}
        selected={connection}
        onSelect={(key) => dashboard.selectConnection(key)}
        repaint={repaint}
      >
        {dashboard.knowsConnections && <Nobody dashboard={dashboard} />}
      </DataTable>
    </section>
  );
}

function isPublishing(dashboard: Dashboard): boolean | null {
  const row = dashboard.streams.get(dashboard.place.stream ?? '');
  const label = row === undefined ? null : labelOf(row, 'publishing', dashboard.catalogues.streams);
  return label === null ? null : label === 'yes';
}

/** How many there are, and how many of them are in which trouble: the answer to "is it one, or all?". */
function Census({ dashboard }: { readonly dashboard: Dashboard }) {
  const { census, keys } = dashboard.connectionTable.order;
  const { size } = dashboard.connections;
  return (
    <p class="census">
      <span>{keys.length === size ? number(size) : `${number(keys.length)} of ${number(size)}`}</span>
      {census.alerts > 0 && <span class="alert">▲ {number(census.alerts)} past an alert threshold</span>}
      {census.offTarget > 0 && <span class="off-target">△ {number(census.offTarget)} off target</span>}
      {census.closed > 0 && <span class="note">✕ {number(census.closed)} closed</span>}
    </p>
  );
}

const TRENDS: readonly (readonly [Trend, string])[] = [
  ['buffer', 'Buffer'],
  ['latency', 'Latency'],
];

function Controls({ dashboard }: { readonly dashboard: Dashboard }) {
  const { connectionTable: table } = dashboard;
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
          checked={table.wanted.onlyTroubled}
          onChange={(event) => dashboard.want(table, { onlyTroubled: event.currentTarget.checked })}
        />
        only with trouble
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
        onInput={(event) => dashboard.want(table, { filter: event.currentTarget.value })}
      />
    </div>
  );
}

function Nobody({ dashboard }: { readonly dashboard: Dashboard }) {
  const { stream } = dashboard.place;
  if (dashboard.connections.size > 0) {
    return (
      <div class="empty">
        <p>{dashboard.connectionTable.wanted.onlyTroubled ? 'No listener in trouble.' : 'No listener matches.'}</p>
      </div>
    );
  }
  if (stream === null) return null;
  const isKnown = dashboard.streams.has(stream);
  const page = `listen?stream=${encodeURIComponent(stream)}`;
  return (
    <div class="empty">
      <p>{isKnown ? 'Nobody is listening.' : `The hub has no stream “${stream}” now.`}</p>
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
