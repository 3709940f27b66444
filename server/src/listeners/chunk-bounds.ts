/**
 * Bounds that grow with a stream's chunks. The spec's figures are for chunks of 100 ms; an engine may send chunks of 20 ms
 * as well as of 10 s, and then a buffer, a delay or a difference of one chunk is no fault. `chunkMs`: the longest chunk of
 * late, 0 where nobody knows.
 */

/** The spec's chunk. */
export const NOMINAL_CHUNK_MS = 100;
/** Chunks that may be on their way to a listener, or lie in its buffer, however long they are. */
export const LEAST_CHUNKS = 3;
/** A chunk that is this much later than the end of the one before is no jitter of the engine. */
const LATE_MS = 400;
/** A buffer beyond this is not one that a player of live audio keeps. */
const MAX_DEPTH_MS = 1_000;
/** Beyond this a buffer and what went into it contradict each other: more than a chunk and 300 ms of jitter, twice, explain. */
const MAX_CONTRADICTION_MS = 750;

/** By how much the longest chunk exceeds the spec's, ms. */
export const excessMs = (chunkMs: number) => Math.max(0, chunkMs - NOMINAL_CHUNK_MS);

/** The time since a chunk after which the next one is late, ms. */
export const lateAfterMs = (chunkMs: number) => NOMINAL_CHUNK_MS + excessMs(chunkMs) + LATE_MS;

/** Most audio that a player of live audio buffers, ms. */
export const maxDepthMs = (chunkMs: number) => Math.max(MAX_DEPTH_MS, LEAST_CHUNKS * chunkMs);

/** How far a buffer and what went into it may differ, ms: one chunk may be in the one figure and not in the other. */
export const maxContradictionMs = (chunkMs: number) => MAX_CONTRADICTION_MS + excessMs(chunkMs);

/** Audio that may be outstanding, ms, where `configuredMs` would be less than a few chunks. */
export const maxOutstandingMs = (configuredMs: number, chunkMs: number) =>
  Math.max(configuredMs, LEAST_CHUNKS * chunkMs);
