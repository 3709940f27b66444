import { App, type WebSocket } from 'uWebSockets.js';
import { answerQuestions } from '../child.js';
import { listenAnywhere, quietRoute } from './uws.js';

/** A row as a server without tables would hold it: what the last report of a listener said. */
export type Row = { id: string } & Record<string, number | string | boolean>;

export interface Board {
  readonly rows: Row[];
  /** Rows that changed since the last tick. */
  readonly changed: Set<Row>;
  /** Messages to dashboards. */
  sent: number;
}

/** The difference between the peers: how rows come to dashboards. */
export interface Fan {
  /** Starts whatever dashboards connect to and returns its port. */
  listen(board: Board): Promise<number>;
  /** At a tick at which something has changed. */
  tick?(board: Board): void;
}

const TICK_MS = 250;

/**
 * A peer of the fan-out: takes reports over uWebSockets.js, whatever its dashboards run on, and gives what changed to
 * its fan at the rate of the hub's channel. Numbers are rounded to a decimal, as the hub's columns are.
 */
export function runBoard(fan: Fan): void {
  const board: Board = { rows: [], changed: new Set(), sent: 0 };
  const ingest = App();
  ingest.ws<{ row?: Row }>('/ingest', {
    ...quietRoute,
    open(socket) {
      const row: Row = { id: `listener-${board.rows.length}` };
      board.rows.push(row);
      socket.getUserData().row = row;
    },
    message(socket: WebSocket<{ row?: Row }>, message) {
      const { row } = socket.getUserData();
      if (row === undefined) return;
      const { metrics } = JSON.parse(Buffer.from(message).toString());
      for (const name of Object.keys(metrics)) {
        const value = metrics[name];
        row[name] = typeof value === 'number' ? Math.round(value * 10) / 10 : value;
      }
      board.changed.add(row);
    },
  });
  setInterval(() => {
    if (board.changed.size === 0) return;
    fan.tick?.(board);
    board.changed.clear();
  }, TICK_MS);
  answerQuestions({
    listen: () => fan.listen(board),
    ingestPort: () => listenAnywhere(ingest),
    sent: () => board.sent,
  });
}
