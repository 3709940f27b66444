/** State synchronisation by @colyseus/schema, its patches sent by uWebSockets.js. */

import { App, type WebSocket } from 'uWebSockets.js';
import { Encoder, Schema, type SchemaType, schema, t } from '@colyseus/schema';
import { type Board, type Row, runBoard } from './board.js';
import { listenAnywhere, quietRoute } from './uws.js';

/** Counts are its own variable-length numbers; readings with a decimal are float32, the shortest it has for them. */
const Listener = schema(
  {
    chunksReceived: t.number(),
    chunkErrors: t.number(),
    bufferUnderruns: t.number(),
    avgLatencyMs: t.float32(),
    errorRate: t.number(),
    lastSeq: t.number(),
    bufferDepthMs: t.number(),
    jitterMs: t.float32(),
    rttMs: t.float32(),
    clockOffsetMs: t.float32(),
    clockErrorMs: t.float32(),
    underrunDurationMs: t.number(),
    outputLatencyMs: t.float32(),
    startupMs: t.number(),
    playbackState: t.string(),
    hidden: t.boolean(),
    sentAt: t.number(),
  },
  'Listener',
);
const State = schema({ listeners: t.map(Listener) }, 'State');

Encoder.BUFFER_SIZE = 1024 * 1024;
const state = new State();
const encoder = new Encoder(state);
const known = new Map<string, SchemaType<typeof Listener>>();
const dashboards = new Set<WebSocket<unknown>>();

function listenerOf({ id }: Row): SchemaType<typeof Listener> {
  let listener = known.get(id);
  if (listener === undefined) {
    listener = new Listener();
    known.set(id, listener);
    state.listeners.set(id, listener);
  }
  return listener;
}

function tick(board: Board): void {
  for (const row of board.changed) {
    const { id: _, ...readings } = row;
    Object.assign(listenerOf(row), readings);
  }
  const patch = encoder.encode();
  for (const socket of dashboards) {
    socket.send(patch, true);
    board.sent++;
  }
  encoder.discardChanges();
}

const app = App();
app.ws('/dashboard', {
  ...quietRoute,
  open(socket) {
    dashboards.add(socket);
    if (Schema.isSchema(state) && known.size > 0) socket.send(encoder.encodeAll(), true);
  },
  close: (socket) => void dashboards.delete(socket),
});

runBoard({ listen: () => listenAnywhere(app), tick });
