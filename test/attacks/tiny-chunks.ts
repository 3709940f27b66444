import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_CHUNKS_AT_ONCE, MAX_CHUNKS_PER_S, Writer, writePublishedChunk } from '@auralis/shared';
import { expect } from '@jest/globals';
import { FRAME, RawSocket } from '../contract/raw-socket.js';
import { tokenProtocol } from '../harness/auth.js';
import { CountingListener } from '../harness/counting.js';
import type { Attack, Target } from './attack.js';

const LISTENERS = 50;
/** Chunks of one write, just below the frames that a socket may send in a second. */
const CHUNKS = 190;
const PAUSE_MS = 100;
const WRITES = 12;
/** Seconds that the writes may take beyond their pauses. */
const LATE_S = 10;

/** Chunks of a microsecond, many of them in each write: each costs a send to every listener. */
export const tinyChunks: Attack = {
  name: 'an engine that sends tiny chunks, many in each write, delays only its own listeners, and is refused most',
  async run(target, isLong) {
    const { hub, auth } = target;
    const refusedBefore = await refused(target);
    const listeners = await Promise.all(
      Array.from({ length: LISTENERS }, (_, at) => CountingListener.open(hub, 'other', `tiny${at}`)),
    );
    const headers = { 'Sec-WebSocket-Protocol': `auralis.audio.v1, ${tokenProtocol(auth.tokens.elsewhere)}` };
    const engine = await RawSocket.open(hub.port, '/api/v1/streams/other/publish', { headers });
    expect(engine.status).toBe(101);
    const chunk = writePublishedChunk(new Writer(), { durationMs: 0.001, payload: new Uint8Array(0) });
    const write = Buffer.concat(new Array(CHUNKS).fill(engine.frame(FRAME.BINARY, chunk)));
    const writes = isLong ? 10 * WRITES : WRITES;
    for (let count = 0; count < writes; count++) {
      engine.socket.write(write);
      await sleep(PAUSE_MS);
    }
    const said = () =>
      engine.frames.filter(({ opcode }) => opcode === FRAME.TEXT).map(({ payload }) => String(payload));
    await engine.until(() => said().some((text) => text.includes('"too_fast"')));
    expect(await refused(target)).toBeGreaterThan(refusedBefore);
    const most = MAX_CHUNKS_AT_ONCE + MAX_CHUNKS_PER_S * ((writes * PAUSE_MS) / 1000 + LATE_S);
    for (const { chunks } of listeners) expect(chunks).toBeLessThan(most);
    engine.destroy();
    await Promise.all(listeners.map(({ socket }) => socket.close()));
  },
};

async function refused({ hub, auth }: Target): Promise<number> {
  const answer = await fetch(`${hub.url}/api/v1/hubs`, { headers: auth.headers('admin') });
  const { items } = (await answer.json()) as { items: readonly { messages_refused: number }[] };
  return items[0]?.messages_refused ?? Number.NaN;
}
