import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { FRAME, RawSocket } from '../contract/raw-socket.js';
import { tokenProtocol } from '../harness/auth.js';
import type { Attack } from './attack.js';

/** Twenty times what refused sockets of one address may hold. */
const SOCKETS = 160;
/** Bytes of a message that is begun and never ended on each socket. */
const BYTES = 900_000;
/** From the last byte sent to the look at what the hub holds; the hub closes refused sockets after three seconds. */
const SETTLE_MS = 1_000;
const PATIENCE_MS = 90_000;

/** Messages that are begun and never ended, by somebody without a token, and by an engine that answers every ping. */
export const halfMessages: Attack = {
  name: 'sockets that begin messages and never end them hold a bounded amount, for a bounded time',
  async run({ hub, auth }, isLong) {
    const before = hub.rss;
    // Half open: they stay when the hub has said why they are refused.
    const refused = await Promise.all(
      Array.from({ length: SOCKETS }, (_, at) =>
        RawSocket.open(hub.port, `/api/v1/streams/none${at}/publish`, { allowHalfOpen: true }),
      ),
    );
    const half = refused[0]?.frame(FRAME.BINARY, Buffer.alloc(BYTES), false) as Buffer;
    for (const socket of refused) {
      expect([101, 403]).toContain(socket.status);
      socket.socket.write(half);
    }
    await sleep(SETTLE_MS);
    const grownBytes = hub.rss - before;
    for (const socket of refused) socket.destroy();
    expect(grownBytes).toBeLessThan((SOCKETS * BYTES) / 4);
    if (isLong) await beAnEngine(hub.port, auth.tokens.publisher);
  },
};

async function beAnEngine(port: number, token: string): Promise<void> {
  const headers = { 'Sec-WebSocket-Protocol': `auralis.audio.v1, ${tokenProtocol(token)}` };
  const engine = await RawSocket.open(port, '/api/v1/streams/half/publish', { headers });
  engine.send(FRAME.BINARY, Buffer.alloc(BYTES), false);
  const pongs = setInterval(() => engine.send(FRAME.PONG, ''), 1_000);
  await engine.until(() => engine.isEnded || engine.frames.at(-1)?.opcode === FRAME.CLOSE, PATIENCE_MS);
  clearInterval(pongs);
  const close = engine.frames.at(-1);
  if (close?.opcode === FRAME.CLOSE) expect([1008, 4002]).toContain(close.payload.readUInt16BE());
  engine.destroy();
}
