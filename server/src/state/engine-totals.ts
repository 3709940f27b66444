import { ExternalChunks } from './external-chunks.js';

/** Totals of all engines since the hub started, over their restarts and over rows that have gone. */
export class EngineTotals {
  /** Syntheses that succeeded; the spec's `total_phrases_generated`. */
  phrases = 0;
  synthesisErrors = 0;
  readonly externalChunks = new ExternalChunks();

  get attempts(): number {
    return this.phrases + this.synthesisErrors;
  }
}
