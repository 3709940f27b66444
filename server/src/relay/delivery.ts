import type { Listener, OutgoingChunk } from '../listeners/listener.js';
import { type Peer, SEND, type SendStatus } from '../transport/transport.js';

/**
 * Listeners that are asked, sent to and booked together. After each `send` of 8 µs in the kernel the processor has
 * forgotten the next listener and its account. A batch fetches them at once.
 */
const BATCH = 16;

/** The present batch: listeners, their sockets, and the result of each send. */
const batch: (Listener | null)[] = new Array(BATCH).fill(null);
const peers: (Peer | null)[] = new Array(BATCH).fill(null);
const statuses: SendStatus[] = new Array(BATCH).fill(SEND.SENT);

/**
 * Send a chunk to the listeners that are not too far behind for it, and book the result for each. Return to how many
 * it was sent.
 */
export function deliver(chunk: OutgoingChunk, listeners: Iterable<Listener>, now: number): number {
  let sent = 0;
  let count = 0;
  for (const listener of listeners) {
    const { peer } = listener;
    if (peer.isClosing || listener.isTooFarBehind(chunk)) {
      listener.drop(chunk, now);
      continue;
    }
    peers[count] = peer;
    batch[count++] = listener;
    if (count < BATCH) continue;
    sent += sendBatch(count, chunk, now);
    count = 0;
  }
  sent += sendBatch(count, chunk, now);
  // Do not keep listeners that have gone.
  batch.fill(null);
  peers.fill(null);
  return sent;
}

function sendBatch(count: number, chunk: OutgoingChunk, now: number): number {
  const { message } = chunk;
  let sent = 0;
  for (let at = 0; at < count; at++) statuses[at] = (peers[at] as Peer).send(message);
  for (let at = 0; at < count; at++) {
    const listener = batch[at] as Listener;
    const status = statuses[at] as SendStatus;
    if (status === SEND.DROPPED) listener.drop(chunk, now);
    else {
      listener.sent(chunk, status);
      sent++;
    }
  }
  return sent;
}
