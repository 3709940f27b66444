import { expect, test } from '@jest/globals';
import { HubProcess } from '../harness/hub.js';
import { besideNeighbours, expectUnharmed } from '../harness/neighbours.js';

const second = () => new Promise<void>((resolve) => setTimeout(resolve, 1_000));

test('a neighbour who is disconnected shows in the counts', async () => {
  const hub = await HubProcess.start();
  try {
    const disconnectOne = async () => {
      const { items } = await hub.get<{ items: { id: string }[] }>('/api/v1/connections?where=state%3Dopen&limit=1');
      const closed = await fetch(`${hub.url}/api/v1/connections/${items[0]?.id}`, { method: 'DELETE' });
      expect(closed.status).toBe(204);
      await second();
    };
    const disturbed = await besideNeighbours(hub.url, disconnectOne, { listeners: 5 });
    expect(() => expectUnharmed(disturbed)).toThrow();
  } finally {
    await hub.stop();
  }
}, 60_000);
