import { afterEach, expect, test } from '@jest/globals';
import { HubProcess } from '../harness/hub.js';
import { TestSocket } from '../harness/socket.js';

/** Twice as many messages as the limit of a second, sent while the hub cannot read. */
const MESSAGES = 100;
const STALL_MS = 3_000;

let hub: HubProcess | null = null;
afterEach(() => hub?.stop());

test.each(['uws', 'ws'])(
  'on %s a listener is not refused for messages that waited while the hub stood still',
  async (transport) => {
    hub = await HubProcess.start(['--transport', transport]);
    const listener = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/listen`);
    await listener.nextText('welcome');
    process.kill(hub.pid, 'SIGSTOP');
    for (let sent = 1; sent <= MESSAGES; sent++) listener.send({ type: 'clock_sync', t0: sent });
    await new Promise((resolve) => setTimeout(resolve, STALL_MS));
    process.kill(hub.pid, 'SIGCONT');
    for (let answered = 1; answered <= MESSAGES; answered++) {
      expect(await listener.nextText('clock_sync')).toMatchObject({ t0: answered });
    }
    const { items } = await hub.get<{ items: { messages_refused: number }[] }>('/api/v1/connections');
    expect(items).toMatchObject([{ messages_refused: 0 }]);
    await listener.close();
  },
);
