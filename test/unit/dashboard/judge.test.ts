import { judge } from '@auralis/client/dashboard/model/judge';
import {
  CONNECTION_LAYOUT,
  catalogueOf,
  STREAM_LAYOUT,
  viewOf,
  wantedConnectionColumns,
} from '@auralis/client/dashboard/model/layout';
import { SCHEMAS } from '@auralis/shared';
import { expect, test } from '@jest/globals';
import { row } from './fake-feed.js';

const CONNECTIONS = catalogueOf(SCHEMAS.connections.columns);
const STREAMS = catalogueOf(SCHEMAS.streams.columns);

test.each([
  ['a stream with 5 chunks of 200 ms a second', { publishing: 1, chunk_send_rate: 5, audio_rate: 1 }, 'ok'],
  ['a stream with 8 chunks of 20 ms a second', { publishing: 1, chunk_send_rate: 8, audio_rate: 0.16 }, 'alert'],
])('the rate of %s is judged by its audio', (_, values, level) => {
  const column = viewOf(STREAM_LAYOUT, STREAMS).find(({ label }) => label === 'Rate');
  const verdict = column && judge(row('main', values), column, { catalogue: STREAMS, publishing: null });
  expect(verdict?.level).toBe(level);
});

test.each([
  [2_900, 2.9, 'ok'],
  [3_100, 3.1, 'alert'],
  [1_100, null, 'alert'],
  [20, 0.1, 'alert'],
])('a buffer of %p ms that is %p chunks', (depthMs, chunks, level) => {
  const column = viewOf(CONNECTION_LAYOUT, CONNECTIONS).find(({ name }) => name === 'buffer_depth_ms');
  const listener = row('a', {
    playback_state: 2,
    buffer_depth_ms: depthMs,
    ...(chunks !== null && { buffer_chunks: chunks }),
  });
  expect(column && judge(listener, column, { catalogue: CONNECTIONS, publishing: true })?.level).toBe(level);
  expect(wantedConnectionColumns(CONNECTIONS)).toContain('buffer_chunks');
});
