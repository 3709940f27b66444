import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { TestCertificate } from '../harness/certificates.js';
import { BIN, HubProcess, newDataDir, ROOT, runCommand } from '../harness/hub.js';
import { describeWith } from '../harness/program.js';

type Row = Readonly<Record<string, number | string | null>>;

const PAGES = ['README.md', 'docs/engines.md', 'docs/operating.md', 'docs/alerts.md'];
const CHUNK_MS = 100;
/** Chunks that may be on their way when the hub is asked. */
const ON_THE_WAY = 5;
const PATIENCE_MS = 15_000;

/** Blocks of a language on a page, in order. */
function blocksOf(page: string, language: string): string[] {
  const text = readFileSync(ROOT + page, 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, block = '']) => block,
  );
}

/** The one block that contains `words`. */
function blockWith(page: string, language: string, words: string): string {
  const [block, ...others] = blocksOf(page, language).filter((text) => text.includes(words));
  if (block === undefined || others.length > 0) throw new Error(`${page}: not one ${language} block with ${words}`);
  return block;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not in ${PATIENCE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

let hub: HubProcess;
const children: ChildProcess[] = [];
beforeAll(async () => {
  hub = await HubProcess.start(['--gpu-interval-s', '0']);
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => hub.stop());

const here = (text: string) =>
  text.replaceAll('http://127.0.0.1:8000', hub.url).replaceAll('ws://127.0.0.1:8000', hub.wsUrl);

/** Run a program as pasted, with our hub in place of the one at port 8000. */
function start(
  program: string,
  args: readonly string[],
  cwd: string,
  stream = 'main',
): { child: ChildProcess; ended: Promise<Ended> } {
  const env = { ...process.env, AURALIS_HUB_URL: hub.url, AURALIS_STREAM: stream, PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (output += piece));
  return { child, ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, output }))) };
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

const node = (code: string, cwd: string, stream?: string) =>
  start(process.execPath, ['--input-type=module', '-e', here(code)], cwd, stream);

describe('programs of the README run as pasted', () => {
  test('the engine keeps pace by the clock, even after it stood still, and its events arrive', async () => {
    const blocks = blocksOf('docs/engines.md', 'js').filter((block) => block.includes('engine.'));
    const { child } = node(blocks.join('\n'), `${ROOT}test`);
    const stream = async () =>
      (await hub.get<{ items: Row[] }>('/api/v1/streams')).items.find(({ id }) => id === 'main');
    const published = async () => ((await stream())?.chunks_published ?? 0) as number;
    await until('the engine publishes', async () => (await published()) > 0);
    const from = { chunks: await published(), at: performance.now() };
    child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    child.kill('SIGCONT');
    const isInTime = async () => {
      const due = from.chunks + (performance.now() - from.at) / CHUNK_MS;
      return (await published()) >= due - ON_THE_WAY;
    };
    await until('the engine catches up', isInTime);
    expect(await hub.get<Row>('/api/v1/engines/main')).toMatchObject({
      phrases_generated: 1,
      phrase_queue_depth: 2,
      ring_buffer_depth_ms: 310,
      events_refused: 0,
    });
  }, 60_000);

  test('the collector in Node reports a plausible synthesis', async () => {
    const { ended } = node(blockWith('docs/engines.md', 'js', 'metricsCollector'), ROOT, 'node');
    expect(await ended).toEqual({ code: 0, output: '' });
    await expectPlausibleSynthesis('node');
  }, 60_000);

  test('the hub as a library starts and stops', async () => {
    const code = blockWith('README.md', 'js', 'createHub').replace('9000', '0').replace("'./server", `'${ROOT}server`);
    const { ended } = start(process.execPath, ['--input-type=module', '-e', code], newDataDir());
    expect(await ended).toEqual({ code: 0, output: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/m) });
  }, 60_000);
});

describeWith('python3', 'the collector in Python', () => {
  test('runs as pasted and reports a plausible synthesis', async () => {
    const { ended } = start(
      'python3',
      ['-c', here(blockWith('docs/engines.md', 'python', 'metrics_collector'))],
      ROOT,
      'python',
    );
    expect(await ended).toMatchObject({ code: 0 });
    await expectPlausibleSynthesis('python');
  }, 60_000);
});

/**
 * A phrase of 22 s takes half a second or more: 44 times real time at most, where a snippet without work says 50,000.
 */
async function expectPlausibleSynthesis(stream: string): Promise<void> {
  const row = await hub.get<Row>(`/api/v1/engines/${stream}`);
  expect(row.synthesis_latency_ms).toBeGreaterThanOrEqual(490);
  expect(row.real_time_factor).toBeLessThanOrEqual(45);
}

describeWith('openssl', 'commands and settings of the pages', commandsOfPages, ['version']);

function commandsOfPages(): void {
  const folder = mkdtempSync(join(tmpdir(), 'auralis-pages-'));
  const commands = PAGES.flatMap((page) => blocksOf(page, 'sh'))
    .flatMap((block) => block.split('\n'))
    .filter((line) => line.startsWith('node server/bin/auralis-hub.js '))
    .map((line) =>
      line
        .replace(/ +#.*$/, '')
        .replace(/ \|.*$/, '')
        .replace('node server/bin/auralis-hub.js ', ''),
    );

  beforeAll(() => {
    writeFileSync(join(folder, 'hub.yaml'), blockWith('README.md', 'yaml', 'notifiers:'));
    writeFileSync(join(folder, 'auth.yaml'), blockWith('docs/operating.md', 'yaml', 'tokens:'));
  });

  const certificate = new TestCertificate();
  /** A word of a command, with files of this test, and on loopback. */
  const ours = (word: string) => {
    if (/^(?:hub|auth)\.yaml$/.test(word)) return join(folder, word);
    const replaced = { 'cert.pem': certificate.certFile, 'key.pem': certificate.keyFile, '0.0.0.0': '127.0.0.1' }[word];
    return replaced ?? word.replace(/^8443$/, '0').replace('examples/', `${ROOT}examples/`);
  };

  test('there are some', () => {
    expect(new Set(commands.map((command) => command.split(' ')[0]))).toEqual(
      new Set(['serve', 'token', 'simulate', 'check-config', 'doctor', 'top', 'tail']),
    );
  });

  test.each([...new Set(commands)])(
    '%s',
    async (command) => {
      const args = (command.match(/'[^']*'|\S+/g) ?? []).map((word) => ours(word.replaceAll("'", '')));
      const secrets = { PAGERDUTY_KEY: 'x'.repeat(32), SLACK_BOT_TOKEN: 'xoxb-1' };
      if (args[0] === 'serve') {
        const served = await HubProcess.start(args.slice(1), secrets);
        expect((await served.stop()).code).toBe(0);
      } else if (args[0] === 'tail') {
        const { child, ended } = start(process.execPath, [BIN, ...args, '--url', hub.url], ROOT);
        setTimeout(() => child.kill('SIGINT'), 1_500);
        expect([0, 130, null]).toContain((await ended).code);
      } else {
        const shorter = args.map((word) => (word === '120' ? '2' : word));
        const here = ['simulate', 'top'].includes(args[0] as string) ? [...shorter, '--url', hub.url] : shorter;
        const { code, output } = await runCommand(here, secrets);
        // Nobody answers at PagerDuty or Slack here: doctor says so, and ends with 1.
        expect([output, code]).toEqual([output, args[0] === 'doctor' ? 1 : 0]);
      }
    },
    60_000,
  );
}
