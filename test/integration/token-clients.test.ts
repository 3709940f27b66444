import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AuthFile } from '../harness/auth.js';
import { ask } from '../harness/http.js';
import { BIN, HubProcess, ROOT, runCommand } from '../harness/hub.js';
import { describeWith } from '../harness/program.js';

/** Our own clients against a hub that asks for tokens. */
const auth = new AuthFile();
const { tokens } = auth;
let hub: HubProcess;
beforeAll(async () => {
  hub = await HubProcess.start(['--auth-file', auth.path]);
});
afterAll(() => hub.stop());

const NO_TOKEN = 'refuses: this needs a token with role viewer; set AURALIS_TOKEN, or give --token';

test('top, by flag and by variable', async () => {
  const args = ['top', '--once', '--url', hub.url];
  for (const [flags, env] of [
    [['--token', tokens.viewer], {}],
    [[], { AURALIS_TOKEN: `${tokens.viewer}\n` }],
  ] as const) {
    expect(await runCommand([...args, ...flags], env)).toMatchObject({ code: 0 });
  }
  expect(await runCommand(args)).toEqual({ code: 1, output: expect.stringContaining(NO_TOKEN) });
  const { code, output } = await runCommand([...args, '--token', tokens.publisher]);
  expect([code, output]).toEqual([
    1,
    expect.stringContaining('refuses: this needs role viewer; token publisher has publisher'),
  ]);
});

test('a token that cannot be one is refused, and not shown', async () => {
  const { code, output } = await runCommand(['top', '--once', '--url', hub.url, '--token', 'sécret word']);
  expect([code, output]).toEqual([2, expect.stringContaining('--token: visible ASCII characters')]);
  expect(output).not.toContain('word');
});

test('tail', async () => {
  const child = spawn(process.execPath, [BIN, 'tail', '--url', hub.url, '--topic', 'hubs'], {
    env: { ...process.env, AURALIS_TOKEN: tokens.viewer },
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill();
  expect(String(line)).toContain('"topic":"hubs","kind":"row"');
  expect(await runCommand(['tail', '--url', hub.url])).toEqual({ code: 1, output: expect.stringContaining(NO_TOKEN) });
});

test('simulate: engine, listeners and accounts', async () => {
  const args = ['simulate', '--url', hub.url, '--no-audio', '--listeners', '3', '--duration', '3', '--json'];
  const { code, output } = await runCommand([...args, '--token', tokens.admin]);
  const { ok, kinds } = JSON.parse(output) as { ok: boolean; kinds: { received: number }[] };
  expect([code, ok, kinds[0]?.received]).toEqual([0, true, expect.any(Number)]);
  expect(kinds[0]?.received).toBeGreaterThan(20);
  expect(await runCommand([...args, '--token', tokens.engine])).toEqual({
    code: 1,
    output: expect.stringContaining('sim-normal-1: may not listen: its token needs role listener'),
  });
  expect(await runCommand(args)).toEqual({
    code: 1,
    output: expect.stringContaining('was answered 401: this needs a token with role viewer'),
  });
  expect(await runCommand([...args, '--token', tokens.viewer])).toEqual({
    code: 1,
    output: expect.stringContaining('closed by the hub with 4101: this needs role publisher'),
  });
});

/** Return a column of a stream's engine, or null. */
async function phrasesOf(stream: string): Promise<unknown> {
  const { status, json } = await ask(hub.port, `/api/v1/engines/${stream}`, { headers: auth.headers('viewer') });
  return status === 404 ? null : json<{ phrases_generated: unknown }>().phrases_generated;
}

async function ended(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(command, args, { env: { ...process.env, AURALIS_HUB_URL: hub.url, ...env } });
  let said = '';
  for (const pipe of [child.stdout, child.stderr]) pipe.on('data', (text: Buffer) => (said += text));
  await once(child, 'close');
  return said;
}

test('the collector in Node', async () => {
  const example = [`${ROOT}examples/node/engine.js`];
  const said = await ended(process.execPath, example, { AURALIS_STREAM: 'node-without' });
  expect(said.match(/the hub refuses what is sent: this needs a token with role publisher/g)).toHaveLength(1);
  await ended(process.execPath, example, { AURALIS_STREAM: 'node', AURALIS_TOKEN: tokens.publisher });
  expect([await phrasesOf('node-without'), await phrasesOf('node')]).toEqual([null, 3]);
});

describeWith('python3', 'the collector in Python', () => {
  const SCRIPT = `
import sys
from auralis.monitoring.hub import Hub
for token in sys.argv[1:]:
    try:
        hub = Hub(stream="python", token=token)
    except ValueError as error:
        print(error)
        continue
    hub.event({"type": "synthesis", "latencyMs": 10, "success": True, "phraseDurationSec": 1})
    hub.flush()
    print(hub.refused)
`;
  const python = (...given: string[]) =>
    ended('python3', ['-c', SCRIPT, ...given], { PYTHONPATH: `${ROOT}examples/python`, PYTHONDONTWRITEBYTECODE: '1' });

  test('brings its token, and says what the hub says of one that it does not take', async () => {
    const said = await python('nothing', 'se\ncret', tokens.publisher);
    expect(said).toContain('this hub does not know this token');
    expect(said.split('\n').filter((line) => /^\d+$|a token is of visible/.test(line))).toEqual([
      '1',
      'AURALIS_TOKEN: a token is of visible ASCII characters',
      '0',
    ]);
    expect(await phrasesOf('python')).toBe(1);
    for (const token of [tokens.publisher, 'cret', 'nothing']) expect(said).not.toContain(token);
  });
});
