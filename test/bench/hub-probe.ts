import {
  COLUMNS,
  decodeResponse,
  encodeRequest,
  Replica,
  SCHEMAS,
  SUBPROTOCOLS,
  type TableName,
} from '@auralis/shared';
import { WebSocket } from 'ws';

const ANSWER_MS = 20_000;

/** A table of a hub as it is now, read over the live protocol like by any dashboard. `columns`: names. */
export function readTable(port: number, table: TableName, columns: readonly string[]): Promise<Replica> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/live`, SUBPROTOCOLS.msgpack, {
    perMessageDeflate: false,
  });
  return new Promise<Replica>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${table}: no snapshot in time`)), ANSWER_MS);
    socket.on('error', reject);
    socket.on('open', () => {
      // An interval that no other subscriber has: a channel of its own, whose baseline is the table as it is now.
      const request = { kind: 'subscribe', sub: 1, topic: table, intervalMs: 5000, options: { columns } } as const;
      socket.send(encodeRequest(request, 'msgpack'));
    });
    socket.on('message', (data: Buffer) => {
      const response = decodeResponse(new Uint8Array(data));
      if (response.kind === 'error') reject(new Error(response.message));
      if (response.kind !== 'snapshot') return;
      clearTimeout(timer);
      const replica = new Replica(COLUMNS);
      replica.apply(response);
      resolve(replica);
    });
  }).finally(() => socket.terminate());
}

/** Sum of a column over all rows of a table; missing counts as 0. */
export async function sumOf(port: number, table: TableName, column: string): Promise<number> {
  const replica = await readTable(port, table, [column]);
  const id = SCHEMAS[table].columns.find(({ name }) => name === column)?.id ?? -1;
  let sum = 0;
  for (const row of replica.rows.values()) sum += row.value(id) ?? 0;
  return sum;
}
