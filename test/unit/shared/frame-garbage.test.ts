import { FrameBuilder, MsgpackFrameSink, SCHEMAS, Table } from '@auralis/shared';
import { expect, test } from '@jest/globals';

const { connections } = SCHEMAS;
const ROWS = 1_000;
const COLUMNS = (['chunks_sent', 'latency_ms', 'buffer_depth_ms', 'rtt_ms'] as const).map(
  (name) => connections.index[name],
);

/** Heap, and what typed arrays hold beside it. */
function held(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test.each([
  ['all rows', 1],
  ['half of them', 2],
  ['a tenth', 10],
])('a frame of 1,000 rows of which %s changed leaves next to no garbage: its buffers are used again', (_, every) => {
  const table = new Table(connections, ROWS);
  for (let row = 0; row < ROWS; row++) table.open(`c${row}`, ['main', '', '', '']);
  const builder = new FrameBuilder(table, COLUMNS);
  const sink = new MsgpackFrameSink();
  const sinks = [sink];
  const left: number[] = [];
  for (let frame = 0; frame < 1_000; frame++) {
    for (let row = frame % every; row < ROWS; row += every) {
      for (const column of COLUMNS) table.add(row, column, 1 + (row % 5));
    }
    // The account itself leaves something, which the first of the three tells.
    const [first, before] = [held(), held()];
    builder.advance(1, 'hub@1', frame, sinks, true);
    left.push(held() - before - (before - first));
  }
  // Median of the last hundred: by then the code is compiled, and the collector runs in few of them.
  const settled = left.slice(-100).sort((a, b) => a - b);
  expect(settled[50]).toBeLessThan(1_024);
});
