import type { JitterStatus } from '../src/audio/jitter-buffer.js';

export const PROCESSOR = 'auralis-player';

/** Page → worklet. `samples` are interleaved, and handed over, not copied. */
export type ToWorklet = { readonly kind: 'push'; readonly samples: Float32Array } | { readonly kind: 'flush' };

/**
 * Worklet → page, about ten times a second and at each change of state. `peak`: of what was played since the last, 0
 * to 1.
 */
export interface FromWorklet extends JitterStatus {
  readonly peak: number;
}
