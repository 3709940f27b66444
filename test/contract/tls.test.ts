import { startUws } from '@auralis/server/transport/uws';
import { startWs } from '@auralis/server/transport/ws';
import { describe } from '@jest/globals';
import { describeWith } from '../harness/program.js';
import { tlsContract } from './tls.contract.js';

describeWith(
  'openssl',
  'TLS',
  () => {
    describe.each([
      ['uws', startUws],
      ['ws', startWs],
    ])('of transport %s', (_, start) => tlsContract(start));
  },
  ['version'],
);
