import { useMemo } from 'preact/hooks';
import { type Dashboard, STREAM_SORT } from '../model/dashboard.js';
import type { Row } from '../model/feed.js';
import { number } from '../model/format.js';
import { type Circumstances, troubleOf } from '../model/judge.js';
import { type ColumnView, STREAM_LAYOUT, viewOf } from '../model/layout.js';
import { WholeListing } from '../model/listing.js';
import { byName, byValue, type Compare, isDescending, type Sort } from '../model/order.js';
import { DataTable } from './data-table.js';

interface Props {
  readonly dashboard: Dashboard;
  readonly repaint: () => void;
}

/** One row a stream; the selected one is what the rest of the page is about. */
export function Streams({ dashboard, repaint }: Props) {
  const { streams, streamSort } = dashboard;
  const catalogue = dashboard.tables.catalogue('streams');
  const columns = viewOf(STREAM_LAYOUT, catalogue);
  const circumstances = { catalogue, publishing: null };
  const listing = useMemo(() => new WholeListing(streams, byName), []);
  listing.rows = streams;
  listing.compare = useMemo(() => compareOf(streamSort, columns, circumstances), [streamSort, catalogue]);
  return (
    <section class="panel streams" aria-labelledby="streams-title">
      <div class="bar">
        <h2 id="streams-title">Streams</h2>
        <span class="note">{dashboard.knowsStreams || streams.size > 0 ? number(streams.size) : ''}</span>
      </div>
      <DataTable
        id="streams"
        label="Streams"
        dashboard={dashboard}
        listing={listing}
        columns={columns}
        circumstances={circumstances}
        histories={dashboard.streamHistories}
        trend={dashboard.trend === 'buffer' ? 'buffer_depth_p50_ms' : 'latency_p95_ms'}
        sort={streamSort}
        sortAtFirst={STREAM_SORT}
        onSort={(sort) => dashboard.sortStreams(sort)}
        question={JSON.stringify(streamSort)}
        selected={dashboard.place.stream}
        // A click on the selected stream leaves it selected: there is always one that the page is about.
        onSelect={(key) => key !== null && dashboard.selectStream(key)}
        repaint={repaint}
      >
        {dashboard.knowsStreams && (
          <div class="empty">
            <p>No stream yet.</p>
            <p>
              Start one: <code>node server/bin/auralis-hub.js simulate --listeners 40 --slow 3</code>
              <br />
              or connect an engine to <code>/api/v1/streams/main/publish</code>
            </p>
          </div>
        )}
      </DataTable>
    </section>
  );
}

function compareOf(sort: Sort, columns: readonly ColumnView[], circumstances: Circumstances): Compare {
  const column = columns.find(({ label }) => label === sort.label);
  if (column?.kind === 'name') return sort.worstFirst ? byName : (a, b) => byName(b, a);
  if (column === undefined || column.kind === 'level') {
    // One alert outweighs any number of readings above target.
    const weight = (row: Row) => {
      const { alerts, offTarget } = troubleOf(row, columns, circumstances);
      return alerts * 1_000 + offTarget;
    };
    return byValue(weight, sort.worstFirst, byName);
  }
  return byValue((row) => row.get(column.name), isDescending(sort, column.spec), byName);
}
