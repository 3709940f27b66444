import { expect } from '@jest/globals';
import { ask } from '../harness/http.js';
import type { Attack } from './attack.js';

/** Characters of a condition: short enough for every transport's limit of a request's head. */
const SPACES = 3_000;
/** As long as a body of CMCD may be. */
const LINE_ENDS = 65_000;

/** Texts that a regular expression reads in quadratic or cubic time. */
export const expressions: Attack = {
  name: 'texts that a backtracking expression reads for seconds are read once',
  async run({ hub, auth }, isLong) {
    const times = isLong ? 50 : 5;
    const conditions = `/api/v1/connections?where=latency_ms%3E${'+'.repeat(SPACES)}x%0Ax`;
    const body = `${'\n'.repeat(LINE_ENDS)}x`;
    for (let at = 0; at < times; at++) {
      const listed = await ask(hub.port, conditions, { headers: auth.headers('viewer') });
      expect([listed.status, listed.json<{ detail: string }>().detail]).toEqual([
        400,
        expect.stringMatching(/^where: at most 1024 characters, not 30\d\d$/),
      ]);
      const headers = { 'content-type': 'application/cmcd' };
      const told = await ask(hub.port, '/api/v1/cmcd?stream=main', { method: 'POST', headers, body });
      expect([told.status, told.json<{ detail: string }>().detail]).toEqual([413, 'more than 1000 records at once']);
    }
  },
};
