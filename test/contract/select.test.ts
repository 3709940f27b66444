import { readFileSync } from 'node:fs';
import { selectTransport, TransportUnavailableError, UWS_PACKAGE } from '@auralis/server/transport/select';
import '@auralis/server/transport/uws-head-size';
import { startUws } from '@auralis/server/transport/uws';
import { startWs } from '@auralis/server/transport/ws';
import { expect, test } from '@jest/globals';
import { ROOT } from '../harness/hub.js';

const missing = () => Promise.reject(new Error('no such binary'));

test('auto takes uWebSockets where it loads, and says nothing of it', async () => {
  expect(await selectTransport('auto')).toEqual({ start: startUws });
  expect(await selectTransport('uws')).toEqual({ start: startUws });
});

test('ws is ws', async () => {
  expect(await selectTransport('ws', missing)).toEqual({ start: startWs });
});

test('auto falls back to ws where no binary loads, with one line for the log', async () => {
  const { start, note } = await selectTransport('auto', missing);
  expect(start).toBe(startWs);
  expect(note).toMatch(
    /^uWebSockets\.js has no binary for Node \d[^\n]*, (glibc [\d.]+|musl|system libc): running on ws[^\n]*override[^\n]*$/,
  );
});

test('without the package of uWebSockets the line says how to install it', async () => {
  const notInstalled = () => Promise.reject(Object.assign(new Error('x'), { code: 'ERR_MODULE_NOT_FOUND' }));
  const { start, note } = await selectTransport('auto', notInstalled);
  expect(start).toBe(startWs);
  expect(note).toBe(
    'uWebSockets.js is not installed: running on ws, with twice the CPU for each message. ' +
      `To change that, install ${UWS_PACKAGE} beside auralis-hub`,
  );
  const { dependencies } = JSON.parse(readFileSync(`${ROOT}server/package.json`, 'utf8'));
  expect(UWS_PACKAGE).toBe(`uWebSockets.js@${dependencies['uWebSockets.js']}`);
});

test('uws by name is an error where no binary loads, which says what to do', async () => {
  await expect(selectTransport('uws', missing)).rejects.toThrow(TransportUnavailableError);
  await expect(selectTransport('uws', missing)).rejects.toThrow('take --transport auto or ws');
});
