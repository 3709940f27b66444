import { expect } from '@jest/globals';
import { FRAME, RawSocket } from '../contract/raw-socket.js';
import type { Attack } from './attack.js';

/** Frames of a flood, many times what the hub takes of one socket in a second. */
const FRAMES = 20_000;
const LONG_TIMES = 10;

const FLOODS: readonly (readonly [what: string, opcode: number, payload: string])[] = [
  ['pongs', FRAME.PONG, 'x'.repeat(125)],
  ['pings', FRAME.PING, 'x'.repeat(125)],
  ['messages', FRAME.TEXT, '{}'],
];

/** Control frames and messages as fast as one socket takes them. */
export const floods: Attack = {
  name: 'a socket that floods the hub with pongs, pings or messages is closed',
  async run({ hub }, isLong) {
    for (let times = isLong ? LONG_TIMES : 1; times > 0; times--) {
      for (const [what, opcode, payload] of FLOODS) {
        const attacker = await RawSocket.open(hub.port, '/api/v1/streams/main/listen');
        const frame = attacker.frame(opcode, payload);
        const flood = Buffer.concat(new Array(FRAMES).fill(frame));
        attacker.socket.write(flood);
        await attacker.until(() => attacker.isEnded || attacker.frames.at(-1)?.opcode === FRAME.CLOSE);
        const close = attacker.frames.at(-1);
        // The end of the connection may overtake the close frame.
        if (close?.opcode === FRAME.CLOSE)
          expect([what, [1008, 4103].includes(close.payload.readUInt16BE())]).toEqual([what, true]);
        attacker.destroy();
      }
    }
  },
};
