import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { ask } from '../harness/http.js';
import { HubProcess, runCommand } from '../harness/hub.js';

const file = join(mkdtempSync(join(tmpdir(), 'auralis-auth-')), 'auth.yaml');

test('what `token` prints goes into the auth file as it is, and lets its token in', async () => {
  const { code, output } = await runCommand(['token', 'prometheus', '--role', 'viewer', '--expires', '2099-01-31']);
  expect(code).toBe(0);
  const [token = '', , ...entry] = output.split('\n');
  const sha256 = createHash('sha256').update(token).digest('hex');
  expect(parse(entry.join('\n'))).toEqual([{ name: 'prometheus', sha256, roles: ['viewer'], expires: '2099-01-31' }]);
  expect(entry.join('\n')).not.toContain(token);
  writeFileSync(file, `tokens:\n${entry.join('\n')}`);
  const hub = await HubProcess.start([], { AURALIS_AUTH_FILE: file });
  try {
    const status = async (path: string) =>
      (await ask(hub.port, path, { headers: { authorization: `Bearer ${token}` } })).status;
    expect([await status('/metrics'), await status('/api/v1/cmcd'), (await ask(hub.port, '/metrics')).status]).toEqual([
      200, 403, 401,
    ]);
  } finally {
    await hub.stop();
  }
});

test.each([
  [['token', '--role', 'viewer'], "missing required argument 'NAME'"],
  [['token', 'a'], "required option '--role <ROLE>' not specified"],
  [['token', 'a', '--role', 'root'], 'one of listener, publisher, viewer, admin.'],
  [['token', 'a b', '--role', 'viewer'], '1 to 40 of A–Z a–z 0–9 . _ -.'],
  [['token', 'a', '--role', 'viewer', '--stream', 'main'], 'role viewer is for all streams'],
  [['token', 'a', '--role', 'listener', '--expires', 'soon'], 'a day, such as 2027-01-31'],
])('%j is refused with 2', async (args, message) => {
  const { code, output } = await runCommand(args);
  expect([code, output]).toEqual([2, expect.stringContaining(message)]);
});

test('a bad auth file stops `serve` and `check-config` with 2, by its place', async () => {
  writeFileSync(file, 'tokens: [{ name: a, sha256: auralis_secret, roles: [viewer] }]');
  const config = file.replace('auth.yaml', 'hub.yaml');
  writeFileSync(config, `authFile: ${file}\n`);
  for (const args of [
    ['serve', '--port', '0', '--auth-file', file],
    ['check-config', config],
  ]) {
    const { code, output } = await runCommand(args);
    expect([code, output]).toEqual([2, expect.stringContaining('auth.yaml:1:21: tokens[0].sha256: 64 hex digits')]);
    expect(output).not.toContain('auralis_secret');
  }
  writeFileSync(file, 'anonymous: [listener]');
  const { code, output } = await runCommand(['check-config', config]);
  expect([code, output]).toEqual([0, expect.stringContaining(', 0 tokens')]);
});
