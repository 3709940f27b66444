/**
 * Bounds that grow with a stream's chunks. The specification's figures are for chunks of 100 ms. An engine may send
 * chunks of 20 ms to 10 s. A buffer, a delay or a difference of one chunk is then no fault. `chunkMs`: the longest
 * recent chunk, 0 if unknown.
 */

/** The specification's chunk. */
export const NOMINAL_CHUNK_MS = 100;
/** Chunks that may be on their way to a listener, or lie in its buffer, however long they are. */
export const LEAST_CHUNKS = 3;
/** A chunk that is this much later than the end of the one before is not jitter of the engine. */
const LATE_MS = 400;
/** A player of live audio keeps a smaller buffer than this. */
const MAX_DEPTH_MS = 1_000;
/** Beyond this a buffer contradicts the audio received: it is more than a chunk and 300 ms of jitter, twice. */
const MAX_CONTRADICTION_MS = 750;

/** Return by how much the longest chunk exceeds the specification's, ms. */
export const excessMs = (chunkMs: number) => Math.max(0, chunkMs - NOMINAL_CHUNK_MS);

/** Return the time since a chunk after which the next one is late, ms. */
export const lateAfterMs = (chunkMs: number) => NOMINAL_CHUNK_MS + excessMs(chunkMs) + LATE_MS;

/** Return the most audio that a player of live audio buffers, ms. */
export const maxDepthMs = (chunkMs: number) => Math.max(MAX_DEPTH_MS, LEAST_CHUNKS * chunkMs);

/** Return how far a buffer and the audio received may differ, ms. One chunk may be in only one of the two figures. */
export const maxContradictionMs = (chunkMs: number) => MAX_CONTRADICTION_MS + excessMs(chunkMs);

/** Return the audio that may be outstanding, ms: `configuredMs`, or a few chunks if that is more. */
export const maxOutstandingMs = (configuredMs: number, chunkMs: number) =>
  Math.max(configuredMs, LEAST_CHUNKS * chunkMs);
