import type { History } from './history.js';

/** Times in seconds, then one list for each column; null is a gap. As uPlot takes them. */
export type Points = [times: number[], ...columns: (number | null)[][]];

/** Points a pixel beyond which a chart only gets slower, not finer. */
export const MAX_POINTS_PER_PIXEL = 4;

/**
 * Return the samples since `from` (ms). If there are more than four to a pixel, each pixel keeps the least and the
 * greatest of each column, so that a spike of one sample is still seen.
 */
export function decimate(
  history: History | undefined,
  from: number,
  pixels: number,
  columns: readonly number[],
): Points {
  const points: Points = [[], ...columns.map(() => [])];
  if (history === undefined) return points;
  const first = history.indexAt(from);
  const count = history.length - first;
  // Two points a bucket, so this many samples make two points a pixel, and never more than four.
  const size = count > pixels * MAX_POINTS_PER_PIXEL ? Math.ceil(count / pixels) : 1;
  for (let at = first; at < history.length; at += size) addBucket(points, history, at, size, columns);
  return points;
}

function addBucket(points: Points, history: History, at: number, size: number, columns: readonly number[]): void {
  const end = Math.min(at + size, history.length);
  const times = points[0];
  times.push(history.time(at) / 1000);
  if (size > 1) times.push(history.time(end - 1) / 1000);
  columns.forEach((column, index) => {
    const into = points[index + 1] as (number | null)[];
    let least = Number.NaN;
    let greatest = Number.NaN;
    for (let sample = at; sample < end; sample++) {
      const value = history.value(column, sample);
      if (Number.isNaN(value)) continue;
      if (!(value >= least)) least = value;
      if (!(value <= greatest)) greatest = value;
    }
    into.push(Number.isNaN(least) ? null : least);
    if (size > 1) into.push(Number.isNaN(greatest) ? null : greatest);
  });
}
