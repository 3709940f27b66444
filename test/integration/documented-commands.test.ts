import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { HubProcess, ROOT, runCommand } from '../harness/hub.js';
import { describeWith } from '../harness/program.js';

const PAGES = [
  'README.md',
  'docs/listen.md',
  'docs/engines.md',
  'docs/http.md',
  'docs/dashboard.md',
  'docs/operating.md',
  'docs/alerts.md',
];
const HUB = 'http://127.0.0.1:8000';

const textOf = (page: string) => readFileSync(ROOT + page, 'utf8');

/** Commands of a page's blocks of shell, each without its comment. */
function commandsOf(page: string): string[] {
  const blocks = [...textOf(page).matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  return blocks.flatMap((block) =>
    // A command goes on after a backslash, and within quotes.
    (block.match(/(?:'[^']*'|\\\n|[^\n'])+/g) ?? []).map((command) => command.replace(/\s+# .*$/, '').trim()),
  );
}

/** Paths that the pages name, in tables and between words. */
const PATHS = PAGES.flatMap((page) =>
  [...textOf(page).matchAll(/`(\/(?:api\/v1\/|metrics|healthz|readyz|docs)[^`…{<]*)`/g)].map(([, path = '']) => path),
);
const CURLS = PAGES.flatMap((page) => commandsOf(page).filter((command) => command.startsWith('curl ')));

describeWith('curl', 'what the pages say to type', () => {
  let hub: HubProcess;
  /** Values for placeholders. */
  const names: Record<string, string> = {};

  beforeAll(async () => {
    hub = await HubProcess.start(['--gpu-interval-s', '0']);
    const simulated = await runCommand(['simulate', '--url', hub.url, '--listeners', '3', '--duration', '3']);
    expect(simulated.code).toBe(0);
    const [host] = (await hub.get<{ items: { id: string }[] }>('/api/v1/hosts')).items;
    const raised = await fetch(`${hub.url}/api/v1/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ severity: 'info', title: 'By hand', message: 'for its id' }),
    });
    names.NAME = host?.id ?? '';
    names.ID = ((await raised.json()) as { id: string }).id;
  }, 30_000);
  afterAll(() => hub.stop());

  /** Its output; curl ends with 22 where the hub answers with an error. */
  function run(command: string): Promise<{ code: number | null; output: string }> {
    const here = command.replaceAll(HUB, hub.url).replace(/\b(?:NAME|ID)\b/g, (name) => names[name] ?? name);
    const child = spawn('bash', ['-c', here.replace(/^curl /, 'curl --fail-with-body --silent --show-error ')]);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (output += piece));
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
  }

  test('there is something to try', () => {
    expect(CURLS.length).toBeGreaterThan(8);
    expect(PATHS.length).toBeGreaterThan(15);
  });

  test.each(CURLS)('%s', async (command) => {
    const { code, output } = await run(command);
    // On a busy machine the answer about its health is 503.
    if (command.includes('/metrics/health') && code === 22) {
      expect(output).toContain('error: 503');
      expect(output).toMatch(/"name":"avg_cpu_percent",.*"state":"failing"/);
      return;
    }
    expect([code, output]).toEqual([0, expect.stringMatching(/^[{[]/)]);
    // Events and reports are answered with what was refused of them.
    if (output.includes('"refused"')) expect(JSON.parse(output)).toMatchObject({ refused: 0 });
  });

  test.each([...new Set(PATHS)])('%s', async (path) => {
    const { status } = await fetch(hub.url + path);
    // 400 says what a path has to be asked for; on a busy machine 503 is the answer about its health.
    const answers = path.includes('/metrics/health') ? [200, 503] : [200, 400];
    expect([path, answers.includes(status)]).toEqual([path, true]);
  });

  test('top, as it is printed', async () => {
    const [printed] = commandsOf('README.md').filter((command) => command.includes('auralis-hub.js top'));
    const words = printed?.split('auralis-hub.js ')[1]?.split(' ') ?? [];
    const { code, output } = await runCommand([...words, '--url', hub.url]);
    expect([code, output]).toEqual([0, expect.stringContaining('main')]);
  });
});
