import { neutral } from '@auralis/shared/neutral';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type Dashboard, TREND_MS } from '../model/dashboard.js';
import { decimate, type Points } from '../model/decimate.js';
import { factsOf } from '../model/facts.js';
import { reading, timeOfDay, unitName } from '../model/format.js';
import type { Histories } from '../model/history.js';
import type { Catalogue } from '../model/layout.js';
import { nameOf } from '../model/order.js';
import { Chart, type ChartSeries } from './chart.js';
import { theme } from './theme.js';

/** The shortest time that a chart shows. */
const LEAST_MS = 60_000;

/** The lines of a chart: names of the catalogue, and what they are called here. */
type Lines = readonly (readonly [column: string, label: string])[];

const STREAM_CHARTS: readonly (readonly [title: string, lines: Lines])[] = [
  [
    'Latency',
    [
      ['latency_p50_ms', 'p50'],
      ['latency_p95_ms', 'p95'],
    ],
  ],
  [
    'Buffer',
    [
      ['buffer_depth_p50_ms', 'p50'],
      ['buffer_depth_p5_ms', 'p5'],
    ],
  ],
];
const CONNECTION_CHARTS: typeof STREAM_CHARTS = [
  [
    'Latency',
    [
      ['latency_ms', 'latency'],
      ['rtt_ms', 'round trip'],
    ],
  ],
  ['Buffer', [['buffer_depth_ms', 'depth']]],
];

/** The last ten minutes of the selected listener, or else of the selected stream. */
export function TrendPanel({ dashboard }: { readonly dashboard: Dashboard }) {
  const { stream, connection } = dashboard.place;
  const row = dashboard.listener;
  const isListener = connection !== null;
  const facts = row === undefined ? [] : factsOf(row, dashboard.catalogue);
  const histories = isListener ? dashboard.connectionHistories : dashboard.streamHistories;
  const catalogue = isListener ? dashboard.catalogue : dashboard.tables.catalogue('streams');
  const key = connection ?? stream;
  return (
    <section class="panel trends" aria-label="Trends of the last ten minutes">
      <div class="bar">
        <h2>
          <bdi>{isListener ? (row === undefined ? connection : nameOf(row)) : (stream ?? 'Trends')}</bdi>
        </h2>
        <span class="note facts">
          {isListener ? neutral([`listener of ${stream}`, ...facts].join(' · ')) : stream !== null && 'stream'}
        </span>
        {isListener && (
          <button type="button" class="small" onClick={() => dashboard.selectConnection(null)}>
            Show the stream
          </button>
        )}
      </div>
      <div class="charts">
        {(isListener ? CONNECTION_CHARTS : STREAM_CHARTS).map(([title, lines]) => (
          <TrendChart
            // A chart is made for its lines: another listener may use it on, another kind of row needs its own.
            key={`${isListener} ${title} ${theme().version} ${catalogue.size}`}
            title={title}
            lines={lines}
            catalogue={catalogue}
            histories={histories}
            rowKey={key}
            until={dashboard.feed.now()}
          />
        ))}
      </div>
    </section>
  );
}

interface ChartProps {
  readonly title: string;
  readonly lines: Lines;
  readonly catalogue: Catalogue;
  readonly histories: Histories;
  readonly rowKey: string | null;
  readonly until: number;
}

function TrendChart({ title, lines, catalogue, histories, rowKey, until }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | null>(null);
  const points = useRef<Points>([[]]);
  const [pointed, setPointed] = useState<number | null>(null);
  const series = lines.flatMap(([column, label]): ChartSeries[] => {
    const spec = catalogue.get(column);
    return spec === undefined ? [] : [{ label, spec }];
  });
  // Once: the panel makes a new chart, by its key, for other lines
  useLayoutEffect(() => {
    if (host.current === null) return;
    const made = new Chart(host.current, series, setPointed);
    chart.current = made;
    return () => made.destroy();
  }, []);
  // `until` moves all the time; a new sample is what counts.
  useLayoutEffect(() => {
    const history = rowKey === null ? undefined : histories.get(rowKey);
    const columns = series.map(({ spec }) => histories.columns.indexOf(spec.name));
    points.current = decimate(history, until - TREND_MS, host.current?.clientWidth ?? 300, columns);
    // A page that was just opened shows what it has in full width, and not nine minutes of nothing.
    const start = (points.current[0][0] ?? 0) * 1000;
    const from = Math.max(until - TREND_MS, Math.min(start, until - LEAST_MS));
    chart.current?.show(points.current, from / 1000, until / 1000);
  }, [rowKey, histories.version]);
  const at = pointed ?? points.current[0].length - 1;
  const time = pointed === null ? undefined : points.current[0][pointed];
  return (
    <figure class="chart">
      <figcaption>
        <b>{title}</b> <small>{series[0] === undefined ? '' : unitName(series[0].spec.unit)}</small>
        {series.map(({ label, spec }, index) => (
          <span key={label} class={`key key-${index}`}>
            {label} <b>{reading(spec, points.current[index + 1]?.[at] ?? null)}</b>
          </span>
        ))}
        {time !== undefined && <span class="note">{timeOfDay(time * 1000)}</span>}
      </figcaption>
      <div class="plot" ref={host} />
    </figure>
  );
}
