import { ENGINE, STREAM, type Tables } from '../state/tables.js';

/**
 * Streams with lines of their own. Names are strangers': a flood of them must grow neither the page nor who stores
 * it.
 */
export const MAX_NAMED_STREAMS = 50;
/** Label of all the others together; no stream can be called so. */
export const OTHER = '(other)';

/**
 * The streams that have lines of their own: those that an engine publishes to first, then those with the most
 * listeners.
 */
export function namedStreams({ streams, engines }: Tables): Set<string> {
  const candidates = Array.from(streams.slots(), (slot) => {
    const name = streams.keyOf(slot);
    const engine = engines.slotOf(name);
    // Listeners of an engine that streams by itself are listeners too.
    const elsewhere = engine === undefined ? 0 : engines.get(engine, ENGINE.active_clients) || 0;
    const listeners = streams.get(slot, STREAM.active_connections) + elsewhere;
    return { name, publishing: streams.get(slot, STREAM.publishing), listeners };
  });
  // The sort is stable: among equals the oldest stay, so that names do not come and go.
  candidates.sort((a, b) => b.publishing - a.publishing || b.listeners - a.listeners);
  return new Set(candidates.slice(0, MAX_NAMED_STREAMS).map(({ name }) => name));
}
