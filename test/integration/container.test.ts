import { spawnSync } from 'node:child_process';
import { afterAll, expect, test } from '@jest/globals';
import { AuthFile } from '../harness/auth.js';
import { readImage } from '../harness/dockerfile.js';
import { freePort } from '../harness/free-port.js';
import { HubProcess, newDataDir, runCommand } from '../harness/hub.js';

const image = readImage();
const auth = new AuthFile();

/** The variables of the image, on loopback and with paths of this machine. */
const environment = (authFile: string, port: number) => ({
  ...image.env,
  PATH: process.env.PATH,
  AURALIS_HOST: '127.0.0.1',
  AURALIS_PORT: String(port),
  AURALIS_AUTH_FILE: authFile,
  AURALIS_DATA_DIR: newDataDir(),
});

/** Exit code of the image's health check. */
const checked = (port: number) => {
  const [program = '', ...args] = image.healthCheck;
  return spawnSync(program, args, { env: { ...process.env, AURALIS_PORT: String(port) } }).status;
};

let hub: HubProcess | null = null;
afterAll(() => hub?.stop());

test('the image runs the hub by its own command', () => {
  expect([image.entrypoint, image.command]).toEqual([['auralis-hub'], ['serve']]);
  expect([image.env.AURALIS_HOST, image.env.AURALIS_AUTH_FILE]).toEqual(['0.0.0.0', '/etc/auralis-hub/auth.yaml']);
});

test('without an auth file it does not start', async () => {
  const missing = `${newDataDir()}/auth.yaml`;
  const { code, output } = await runCommand(['serve'], environment(missing, 0));
  expect([code, output]).toEqual([2, expect.stringContaining(missing)]);
});

test('with one it listens, asks for tokens, and its health check needs none', async () => {
  const port = await freePort();
  expect(checked(port)).toBe(1);
  hub = await HubProcess.start(['--port', String(port)], environment(auth.path, port));
  expect((await fetch(`${hub.url}/api/v1/streams`)).status).toBe(401);
  expect(checked(port)).toBe(0);
  expect((await hub.stop()).code).toBe(0);
  expect(checked(port)).toBe(1);
});
