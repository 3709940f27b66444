import { connect } from 'node:net';
import { MAX_CLOSED_ROWS } from '@auralis/shared';
import { expect } from '@jest/globals';
import type { Attack } from './attack.js';

const AT_ONCE = 50;
/** Rows of closed connections at 0.5 KB each, with room for garbage that is still to be collected. */
const MAX_GROWTH_BYTES = 150 << 20;
const UPGRADE = [
  'GET /api/v1/streams/churn/listen HTTP/1.1',
  'Host: 127.0.0.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  '\r\n',
].join('\r\n');

/** Listeners that connect and leave at once, again and again. */
export const churn: Attack = {
  name: 'listeners that come and go without end leave a bounded number of rows',
  async run({ hub, auth }, isLong) {
    const times = isLong ? 25_000 : 1_000;
    const before = hub.rss;
    let left = times;
    const worker = async () => {
      while (left-- > 0) await comeAndGo(hub.port);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const { total } = await asAdmin<{ total: number }>('/api/v1/connections?limit=1');
    expect(total).toBeLessThan(MAX_CLOSED_ROWS + AT_ONCE + 100);
    const [row] = (await asAdmin<{ items: [{ closed_rows_dropped: number }] }>('/api/v1/hubs')).items;
    if (isLong) expect(row.closed_rows_dropped).toBeGreaterThanOrEqual(times - MAX_CLOSED_ROWS - AT_ONCE);
    expect(hub.rss - before).toBeLessThan(MAX_GROWTH_BYTES);

    async function asAdmin<Body>(path: string): Promise<Body> {
      const response = await fetch(hub.url + path, { headers: { authorization: `Bearer ${auth.tokens.admin}` } });
      return (await response.json()) as Body;
    }
  },
};

function comeAndGo(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(UPGRADE));
    socket.once('data', () => socket.destroy());
    socket.on('error', () => {});
    socket.once('close', () => resolve());
  });
}
