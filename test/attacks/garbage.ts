import { connect } from 'node:net';
import { expect } from '@jest/globals';
import { randomFrom } from '../harness/random.js';
import type { Attack } from './attack.js';

const BYTES = 4_096;

/** Sockets that send random bytes instead of HTTP. */
export const garbage: Attack = {
  name: 'random bytes instead of a request end only their own connection',
  async run({ hub }, isLong) {
    const random = randomFrom(1);
    const times = isLong ? 500 : 20;
    for (let at = 0; at < times; at++) {
      const bytes = Buffer.from(Array.from({ length: BYTES }, () => Math.floor(random() * 256)));
      await new Promise<void>((resolve) => {
        const socket = connect(hub.port, '127.0.0.1', () => socket.end(bytes));
        socket.resume();
        socket.on('error', () => resolve());
        socket.on('close', () => resolve());
      });
    }
    expect((await fetch(`${hub.url}/healthz`)).status).toBe(200);
  },
};
