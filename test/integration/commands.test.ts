import { spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AuthFile } from '../harness/auth.js';
import { BIN, HubProcess, newDataDir, runCommand } from '../harness/hub.js';

/** Variables that Kubernetes sets if a Service is called `auralis` and another one `auralis-hub`. */
const SERVICES = {
  AURALIS_PORT: 'tcp://10.0.0.1:8000',
  AURALIS_SERVICE_HOST: '10.0.0.1',
  AURALIS_SERVICE_PORT: '8000',
  AURALIS_SERVICE_PORT_HTTP: '8000',
  AURALIS_PORT_8000_TCP: 'tcp://10.0.0.1:8000',
  AURALIS_PORT_8000_TCP_PROTO: 'tcp',
  AURALIS_PORT_8000_TCP_PORT: '8000',
  AURALIS_PORT_8000_TCP_ADDR: '10.0.0.1',
  AURALIS_HUB_PORT: 'tcp://10.0.0.2:8000',
  AURALIS_HUB_SERVICE_HOST: '10.0.0.2',
};

describe('the environment', () => {
  test('may hold variables of Kubernetes Services, which one line names, and empty variables, which are unset', async () => {
    const hub = await HubProcess.start([], {
      ...SERVICES,
      AURALIS_HOST: '',
      AURALIS_AUTH_FILE: '',
      AURALIS_LOG_LEVEL: '',
    });
    await hub.stop();
    const lines = hub.log.split('\n').filter((line) => line.includes('AURALIS_'));
    expect(lines).toEqual([expect.stringContaining(`ignored: ${Object.keys(SERVICES).toSorted().join(', ')}`)]);
  });

  test('is refused for a variable that is neither', async () => {
    const { code, output } = await runCommand(['check-config'], { AURALIS_PROT: '8000', AURALIS_PORT: 'udp' });
    expect([code, output]).toEqual([
      2,
      expect.stringMatching(/AURALIS_PROT: unknown[\s\S]*AURALIS_PORT: a whole number/),
    ]);
  });
});

describe('check-config', () => {
  const check = (text: string) => {
    const file = join(newDataDir(), 'hub.yaml');
    writeFileSync(file, text);
    return runCommand(['check-config', file]);
  };

  test('warns of a secret in the file, and the hub would start', async () => {
    const { code, output } = await check('notifiers: {a: {type: pagerduty, routingKey: hunter2}}');
    expect([code, output.split('\n')]).toEqual([
      0,
      [
        expect.stringMatching(/^auralis-hub: warning: \S+hub\.yaml:1:34: notifiers\.a\.routingKey: a secret stands in/),
        expect.stringMatching(/hub\.yaml is good: \d+ alert rules, 1 notifiers$/),
        '',
      ],
    ]);
    expect(output).not.toContain('hunter2');
  });

  test('refuses a change of a built-in rule that does not exist', async () => {
    const { code, output } = await check('alerts: {rules: [{name: host-cpuu, above: 50}]}');
    expect([code, output]).toEqual([
      2,
      expect.stringMatching(/hub\.yaml:1:18: .*there is no built-in rule of the name host-cpuu; those are .*host-cpu,/),
    ]);
  });
});

describe('a reader that has closed the pipe', () => {
  test.each([[['--help']], [['serve', '--help']], [['doctor']], [['check-config']]])(
    'ends %j without a trace',
    async (args) => {
      const env = { ...process.env, AURALIS_PORT: '0', AURALIS_DATA_DIR: newDataDir() };
      const child = spawn(process.execPath, [BIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      // Closed before the first byte comes.
      child.stdout.destroy();
      let errors = '';
      child.stderr.on('data', (piece: Buffer) => (errors += piece));
      const code = await new Promise((resolve) => child.once('close', resolve));
      expect([code, errors]).toEqual([0, '']);
    },
    30_000,
  );
});

describe('doctor', () => {
  test('says that its address is in use, and by whom; it makes no data directory', async () => {
    const hub = await HubProcess.start();
    const dataDir = join(newDataDir(), 'not', 'there');
    const env = { AURALIS_PORT: String(hub.port), AURALIS_DATA_DIR: dataDir };
    const busy = await runCommand(['doctor'], env);
    await hub.stop();
    const inUse = `FAIL  address 127.0.0.1:${hub.port}: 127.0.0.1:${hub.port} is in use by another program: a hub runs there already`;
    expect([busy.code, busy.output]).toEqual([1, expect.stringContaining(inUse)]);
    const free = await runCommand(['doctor'], env);
    expect([free.code, free.output]).toEqual([0, expect.stringContaining(`ok    address 127.0.0.1:${hub.port}`)]);
    expect(existsSync(join(dataDir, '..'))).toBe(false);
  }, 60_000);
});

describe('commands that are clients of a hub', () => {
  const auth = new AuthFile();
  let hub: HubProcess;
  beforeAll(async () => {
    hub = await HubProcess.start(['--auth-file', auth.path]);
  });
  afterAll(async () => {
    await hub.stop();
    rmSync(auth.path);
  });
  const COMMANDS = [
    ['top', '--once'],
    ['tail', '--topic', 'hubs'],
    ['simulate', '--duration', '1', '--listeners', '1'],
  ];

  test.each(COMMANDS)(
    '%s names AURALIS_TOKEN if the hub wants one, and exits with 1',
    async (...args) => {
      const { code, output } = await runCommand(args, { AURALIS_HUB_URL: hub.url });
      expect([code, output]).toEqual([1, expect.stringContaining('set AURALIS_TOKEN, or give --token')]);
      expect(output).toMatch(new RegExp(`^auralis-hub ${args[0]}: `));
      expect(output).not.toContain('no hub');
    },
    30_000,
  );

  test.each(COMMANDS)(
    '%s says that there is no hub, and exits with 1',
    async (...args) => {
      const { code, output } = await runCommand(args, { AURALIS_HUB_URL: 'ws://127.0.0.1:1' });
      expect([code, output]).toEqual([
        1,
        expect.stringMatching(new RegExp(`^auralis-hub ${args[0]}: no hub at http://127.0.0.1:1`)),
      ]);
    },
    30_000,
  );

  test.each(COMMANDS)(
    '%s refuses what is no URL of a hub, and exits with 2',
    async (...args) => {
      const { code, output } = await runCommand(args, { AURALIS_HUB_URL: 'ftp://127.0.0.1' });
      expect([code, output]).toEqual([2, expect.stringContaining('ws://127.0.0.1:8000')]);
    },
    30_000,
  );

  test('top and simulate take a WebSocket URL from the environment', async () => {
    const env = { AURALIS_HUB_URL: hub.wsUrl, AURALIS_TOKEN: auth.tokens.admin };
    const [top, simulate] = [COMMANDS[0], COMMANDS[2]] as [string[], string[]];
    expect(await runCommand(top, env)).toMatchObject({ code: 0 });
    expect(await runCommand(simulate, env)).toMatchObject({
      code: 0,
      output: expect.stringContaining('accounts: exact'),
    });
  }, 30_000);
});
