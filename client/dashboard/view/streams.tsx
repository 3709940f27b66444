import type { Dashboard } from '../model/dashboard.js';
import { number } from '../model/format.js';
import { STREAM_LAYOUT, viewOf } from '../model/layout.js';
import { DataTable } from './data-table.js';

interface Props {
  readonly dashboard: Dashboard;
  readonly repaint: () => void;
}

/** One row a stream; the selected one is what the rest of the page is about. */
export function Streams({ dashboard, repaint }: Props) {
  const catalogue = dashboard.catalogues.streams;
  return (
    <section class="panel streams" aria-labelledby="streams-title">
      <div class="bar">
        <h2 id="streams-title">Streams</h2>
        <span class="note">{dashboard.knowsStreams ? number(dashboard.streams.size) : ''}</span>
      </div>
      <DataTable
        id="streams"
        label="Streams"
        dashboard={dashboard}
        state={dashboard.streamTable}
        rows={dashboard.streams}
        columns={viewOf(STREAM_LAYOUT, catalogue)}
        circumstances={{ catalogue, publishing: null }}
        histories={dashboard.streamHistories}
        trend={dashboard.trend === 'buffer' ? 'buffer_depth_p50_ms' : 'latency_p95_ms'}
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
