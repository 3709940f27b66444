import { MAX_BODY_BYTES, MAX_CHUNK_MESSAGE_BYTES } from '@auralis/shared';
import { expect } from '@jest/globals';
import { tokenProtocol } from '../harness/auth.js';
import { TestSocket } from '../harness/socket.js';
import type { Attack, Target } from './attack.js';

const EMPTY_MAP = 0x80;

/** An array of as many empty maps as fit, each of which takes far more memory and time than its byte. */
function emptyMaps(bytes: number): Uint8Array {
  const message = new Uint8Array(bytes).fill(EMPTY_MAP);
  message[0] = 0xdd;
  new DataView(message.buffer).setUint32(1, bytes - 5);
  return message;
}

/** One record whose field `a` is `value`. */
const recordOf = (value: Uint8Array) => Buffer.concat([Buffer.from([0x81, 0xa1, 0x61]), value]);

const [JSON_TYPE, MSGPACK_TYPE] = ['application/json', 'application/msgpack'];
const LEVELS = MAX_BODY_BYTES / 2 - 1;
const nested = `${'['.repeat(LEVELS)}${']'.repeat(LEVELS)}`;

/** Bodies of a megabyte whose decoding costs most, and how they are refused. */
const BODIES = [
  [MSGPACK_TYPE, emptyMaps(MAX_BODY_BYTES), 413, /^more than 1000 \w+ at once$/],
  [MSGPACK_TYPE, recordOf(emptyMaps(MAX_BODY_BYTES - 3)), 400, /more than 256 values$/],
  [JSON_TYPE, `[${'{},'.repeat(300_000)}{}]`, 413, /^more than 1000 \w+ at once$/],
  [JSON_TYPE, `{"a":[${'{},'.repeat(300_000)}{}]}`, 400, /more than 256 values$/],
  [JSON_TYPE, nested, 400, /^JSON, character 8: nested deeper than 8$/],
] as const;

async function post({ hub, auth }: Target, path: string, type: string, body: Uint8Array | string) {
  const headers = { 'content-type': type, ...auth.headers('admin') };
  const answer = await fetch(`${hub.url}/api/v1${path}`, { method: 'POST', headers, body: body as string });
  return { status: answer.status, detail: ((await answer.json()) as { detail: string }).detail };
}

/** Messages and bodies that are small to send and large to decode. */
export const decoding: Attack = {
  name: 'messages that are small to send and large to decode are refused while they are read',
  async run(target, isLong) {
    const { hub, auth } = target;
    for (let round = 0; round < (isLong ? 10 : 1); round++) {
      for (const records of ['events', 'reports']) {
        for (const [type, body, status, detail] of BODIES) {
          const answer = await post(target, `/streams/other/${records}`, type, body);
          expect(answer).toEqual({ status, detail: expect.stringMatching(detail) });
        }
      }
      for (const path of ['/alerts', '/alerts/silences']) {
        expect((await post(target, path, JSON_TYPE as string, nested)).status).toBe(413);
        const answer = await post(target, path, JSON_TYPE as string, nested.slice(LEVELS - 1000, LEVELS + 1000));
        expect(answer).toEqual({ status: 400, detail: 'JSON, character 8: nested deeper than 8' });
      }
      const engine = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/other/publish`, [
        tokenProtocol(auth.tokens.elsewhere),
        'auralis.audio.v1',
      ]);
      // Refusals are answered 60 times a minute, whichever socket of an address they come from.
      for (let message = 0; message < (isLong ? 5 : 20); message++) {
        engine.send(emptyMaps(MAX_CHUNK_MESSAGE_BYTES));
        const { message: said } = await engine.nextText<{ message: string }>('error');
        expect(said).toMatch(/^MessagePack, byte \d+: more than 4096 values: a message is a chunk/);
      }
      await engine.close();
    }
  },
};
