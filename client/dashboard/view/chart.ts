import type { CatalogueEntry } from '@auralis/shared';
import uPlot from 'uplot';
import type { Points } from '../model/decimate.js';
import { number, timeOfDay } from '../model/format.js';
import { type Theme, theme } from './theme.js';

export interface ChartSeries {
  readonly label: string;
  readonly spec: CatalogueEntry;
}

/** Told the index of the sample under the pointer, or null. */
export type OnPoint = (index: number | null) => void;

/** One line chart on uPlot: colours and sizes from the page, target and alert threshold from the catalogue. */
export class Chart {
  readonly #plot: uPlot;
  readonly #size: ResizeObserver;
  #from = 0;
  #until = 1;

  constructor(host: HTMLElement, series: readonly ChartSeries[], onPoint: OnPoint) {
    const look = theme();
    this.#plot = new uPlot(
      {
        width: Math.max(1, host.clientWidth),
        height: Math.max(1, host.clientHeight),
        // On the right as much as half a label of the time axis.
        padding: [6, 1.6 * look.rem, 0, 0],
        legend: { show: false },
        cursor: { sync: { key: 'trends' }, drag: { x: false, y: false }, points: { size: 6 } },
        scales: {
          x: { time: true, range: () => [this.#from, this.#until] },
          y: { range: (_, low, high) => rangeOf(low, high, series[0]?.spec) },
        },
        axes: [timeAxis(look), valueAxis(look)],
        series: [{}, ...series.map(({ label }, at) => lineOf(label, at, look))],
        hooks: {
          drawClear: [(plot) => drawBounds(plot, series[0]?.spec, theme())],
          setCursor: [(plot) => onPoint(plot.cursor.idx ?? null)],
        },
      },
      [[], ...series.map(() => [])],
      host,
    );
    this.#size = new ResizeObserver(() => {
      if (host.clientWidth > 0) this.#plot.setSize({ width: host.clientWidth, height: host.clientHeight });
    });
    this.#size.observe(host);
  }

  /** `from`, `until`: s since 1970. */
  show(points: Points, from: number, until: number): void {
    this.#from = from;
    this.#until = until;
    this.#plot.setData(points);
  }

  destroy(): void {
    this.#size.disconnect();
    this.#plot.destroy();
  }
}

/** The first line is drawn through, the second dashed and thinner: two lines differ without their colours, too. */
function lineOf(label: string, at: number, look: Theme): uPlot.Series {
  const stroke = at === 0 ? look.accent : look.second;
  return {
    label,
    stroke,
    width: at === 0 ? 1.75 : 1.25,
    spanGaps: false,
    points: { show: false },
    ...(at > 0 && { dash: [5, 3] }),
  };
}

function timeAxis(look: Theme): uPlot.Axis {
  return {
    stroke: look.dim,
    font: fontOf(look),
    grid: { stroke: look.line, width: 1 },
    ticks: { show: false },
    size: 1.6 * look.rem,
    // Below the 0 of the other axis, whose place the first time may take.
    gap: 0.6 * look.rem,
    space: 6 * look.rem,
    incrs: [5, 10, 15, 30, 60, 120, 300],
    // Seconds where ticks are closer than a minute, or all would say the same.
    values: (_, ticks) => {
      const length = (ticks[1] ?? Number.POSITIVE_INFINITY) - (ticks[0] ?? 0) < 60 ? 8 : 5;
      return ticks.map((tick) => timeOfDay(tick * 1000).slice(0, length));
    },
  };
}

function valueAxis(look: Theme): uPlot.Axis {
  return {
    stroke: look.dim,
    font: fontOf(look),
    grid: { stroke: look.line, width: 1 },
    ticks: { show: false },
    size: 3.2 * look.rem,
    gap: 6,
    // Round steps are at most twice what is asked for: with half of the height there is a tick above 0 in a low
    // chart, too.
    space: (_plot, _axis, _min, _max, height) => Math.min(1.9 * look.rem, height / 2),
    values: (_, ticks) => ticks.map((tick) => number(tick, Number.isInteger(tick) ? 0 : 1)),
  };
}

function fontOf(look: Theme): string {
  return `${0.72 * look.rem}px ${look.font}`;
}

/** From 0 to a little over the data, and far enough for the target to be seen. */
function rangeOf(low: number | null, high: number | null, spec: CatalogueEntry | undefined): [number, number] {
  const target = (spec?.target?.max ?? spec?.target?.min ?? 1) * 1.3;
  return [Math.min(0, low ?? 0), Math.max(target, (high ?? 0) * 1.1)];
}

/** The target as a band, the alert thresholds as dotted lines where they are in sight. */
function drawBounds(plot: uPlot, spec: CatalogueEntry | undefined, look: Theme): void {
  if (spec === undefined) return;
  const { ctx, bbox } = plot;
  const y = (value: number) => Math.min(Math.max(plot.valToPos(value, 'y', true), bbox.top), bbox.top + bbox.height);
  ctx.save();
  if (spec.target !== undefined) {
    const top = spec.target.max === undefined ? bbox.top : y(spec.target.max);
    ctx.fillStyle = look.band;
    ctx.fillRect(bbox.left, top, bbox.width, y(spec.target.min ?? plot.scales.y?.min ?? 0) - top);
  }
  ctx.strokeStyle = look.alert;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const bound of [spec.alert?.min, spec.alert?.max]) {
    if (bound === undefined || bound > (plot.scales.y?.max ?? 0)) continue;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y(bound));
    ctx.lineTo(bbox.left + bbox.width, y(bound));
    ctx.stroke();
  }
  ctx.restore();
}
