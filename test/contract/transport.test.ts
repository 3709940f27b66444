import '@auralis/server/transport/uws-head-size';
import { startUws } from '@auralis/server/transport/uws';
import { startWs } from '@auralis/server/transport/ws';
import { describe } from '@jest/globals';
import { closingContract } from './closing.contract.js';
import { httpContract } from './http.contract.js';
import { httpLimitsContract } from './http-limits.contract.js';
import { listenContract } from './listen.contract.js';
import { pressureContract } from './pressure.contract.js';
import { socketContract } from './transport.contract.js';

describe.each([
  ['uws', startUws],
  ['ws', startWs],
])('transport %s', (_, start) => {
  describe('sockets', () => socketContract(start));
  describe('closing', () => closingContract(start));
  describe('pressure', () => pressureContract(start));
  describe('http', () => httpContract(start));
  describe('limits of http', () => httpLimitsContract(start));
  describe('listening', () => listenContract(start));
});
