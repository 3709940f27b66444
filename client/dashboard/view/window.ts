import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** Rows kept beyond both edges, so that a quick scroll shows rows and not emptiness before the next paint. */
const OVERSCAN = 6;
/** Rows at first, before the page has been laid out. */
const FIRST_GUESS = 40;

export interface Window {
  readonly first: number;
  readonly end: number;
  readonly perPage: number;
}

/** Return the visible rows of `count` rows of one height in a scroller. Asks for a paint when they change. */
export function useWindow(
  scroller: RefObject<HTMLDivElement | null>,
  count: number,
  rowPx: number,
  repaint: () => void,
): Window {
  const view = useRef({ top: 0, height: FIRST_GUESS * rowPx });
  useEffect(() => {
    const { current } = scroller;
    if (current === null) return;
    const look = () => {
      view.current = { top: current.scrollTop, height: current.clientHeight };
      repaint();
    };
    const observer = new ResizeObserver(look);
    observer.observe(current);
    current.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      current.removeEventListener('scroll', look);
    };
  }, [scroller, repaint]);
  const perPage = Math.ceil(view.current.height / rowPx);
  // Rows that were filtered away may leave the scroller further down than there are rows.
  const top = Math.min(Math.floor(view.current.top / rowPx), Math.max(0, count - perPage));
  return { first: Math.max(0, top - OVERSCAN), end: Math.min(count, top + perPage + OVERSCAN), perPage };
}
