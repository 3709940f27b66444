import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { FRAME, RawSocket } from '../contract/raw-socket.js';
import { tokenProtocol } from '../harness/auth.js';
import { TestSocket } from '../harness/socket.js';
import type { Attack } from './attack.js';

/** Answers of 1.5 MB that are not read keep the close frame waiting behind them. */
const UNREAD = 3;

/** Messages on a socket that is refused while its close frame waits behind answers that nobody reads. */
export const refusedSocket: Attack = {
  name: 'messages on a refused socket reach no handler',
  async run({ hub }, isLong) {
    for (let times = isLong ? 20 : 2; times > 0; times--) {
      const attacker = RawSocket.connect(hub.port);
      attacker.pause();
      for (let request = 0; request < UNREAD; request++) {
        attacker.get('/docs/swagger-ui-bundle.js');
        await sleep(50);
      }
      const headers = { 'Sec-WebSocket-Protocol': `auralis.audio.v1, ${tokenProtocol('no token of anybody')}` };
      attacker.upgrade('/api/v1/streams/main/listen', { headers });
      await sleep(50);
      for (let sent = 0; sent < 10; sent++) attacker.send(FRAME.TEXT, '{}');
      await sleep(100);
      attacker.destroy();
    }
    const listener = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/other/listen`);
    listener.send({ type: 'clock_sync', t0: 1 });
    await listener.nextText('clock_sync');
    await listener.close();
    expect((await fetch(`${hub.url}/healthz`)).status).toBe(200);
  },
};
