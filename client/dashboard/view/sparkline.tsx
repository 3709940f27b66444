import type { CatalogueEntry } from '@auralis/shared';
import { levelOf } from '@auralis/shared';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { MISSING } from '../model/format.js';
import type { History } from '../model/history.js';
import { theme } from './theme.js';

const WINDOW_MS = 60_000;
const WIDTH_REM = 6.6;
const HEIGHT_REM = 1.3;

interface Props {
  readonly history: History | undefined;
  readonly column: number;
  /** Its target is drawn as a band. */
  readonly spec: CatalogueEntry | null;
  /** Whether samples past the alert threshold are marked: not where the bound does not speak of this row. */
  readonly isJudged: boolean;
  /** Hub's clock at the right edge. */
  readonly until: number;
  readonly version: number;
}

/**
 * The last 60 s of one reading. Draws only when there is a new sample, and only rows that are on the page have one.
 */
export function Sparkline({ history, column, spec, isJudged, until, version }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { version: look } = theme();
  // `until` moves all the time; a new sample is what counts.
  useLayoutEffect(() => {
    if (canvas.current !== null) draw(canvas.current, history, column, spec, isJudged, until);
  }, [history, column, spec, isJudged, version, look]);
  return hasSample(history, column, until) ? <canvas ref={canvas} class="spark" /> : MISSING;
}

function hasSample(history: History | undefined, column: number, until: number): boolean {
  if (history === undefined) return false;
  for (let index = history.indexAt(until - WINDOW_MS); index < history.length; index++) {
    if (!Number.isNaN(history.value(column, index))) return true;
  }
  return false;
}

function draw(
  canvas: HTMLCanvasElement,
  history: History | undefined,
  column: number,
  spec: CatalogueEntry | null,
  isJudged: boolean,
  until: number,
): void {
  const { rem, accent, alert, band } = theme();
  const scale = devicePixelRatio;
  const width = Math.round(WIDTH_REM * rem * scale);
  const height = Math.round(HEIGHT_REM * rem * scale);
  // Setting the size clears the canvas, too.
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (context === null || history === undefined) return;
  const from = until - WINDOW_MS;
  const first = Math.max(0, history.indexAt(from) - 1);
  const { low, high } = rangeOf(history, column, first, spec);
  const x = (t: number) => ((t - from) / WINDOW_MS) * (width - 2 * scale);
  const y = (value: number) => height - scale - ((value - low) / (high - low)) * (height - 2 * scale);
  if (spec?.target !== undefined) {
    const top = y(Math.min(spec.target.max ?? high, high));
    context.fillStyle = band;
    context.fillRect(0, top, width, y(Math.max(spec.target.min ?? low, low)) - top);
  }
  context.lineWidth = 1.25 * scale;
  context.lineJoin = 'round';
  stroke(context, accent, history, first, column, x, y, () => true);
  if (isJudged && spec?.alert !== undefined) {
    context.lineWidth = 2 * scale;
    stroke(context, alert, history, first, column, x, y, (value) => levelOf(spec, value) === 'alert');
  }
}

/** From 0, so that heights compare between rows, up to at least a little over the target. */
function rangeOf(history: History, column: number, first: number, spec: CatalogueEntry | null) {
  let low = 0;
  let high = (spec?.target?.max ?? spec?.target?.min ?? 0) * 1.25;
  for (let index = first; index < history.length; index++) {
    const value = history.value(column, index);
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high: high > low ? high : low + 1 };
}

/** The line through the samples that `isDrawn`; a missing one breaks it. */
function stroke(
  context: CanvasRenderingContext2D,
  colour: string,
  history: History,
  first: number,
  column: number,
  x: (t: number) => number,
  y: (value: number) => number,
  isDrawn: (value: number) => boolean,
): void {
  context.strokeStyle = colour;
  context.beginPath();
  let isDown = false;
  for (let index = first; index < history.length; index++) {
    const value = history.value(column, index);
    if (Number.isNaN(value) || !isDrawn(value)) {
      isDown = false;
      continue;
    }
    const at = x(history.time(index));
    // A sample whose neighbours are not drawn would be a line of no length: give it one.
    if (!isDown) context.moveTo(at - 1, y(value));
    context.lineTo(at, y(value));
    isDown = true;
  }
  context.stroke();
}
