/** Each way by which a stranger's text reaches people: none passes what a terminal obeys or what turns lines. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { refusedBy, unreachable } from '@auralis/client/terminal/hub-error';
import { changeLine } from '@auralis/client/terminal/tail';
import { listenerName } from '@auralis/server/alerts/circumstances';
import { labelsOf, messageOf } from '@auralis/server/alerts/describe';
import { body, headline, summary, type Told } from '@auralis/server/notify/message-text';
import { Alertmanager } from '@auralis/server/notify/notifiers/alertmanager';
import { PagerDuty } from '@auralis/server/notify/notifiers/pagerduty';
import { createTables } from '@auralis/server/state/tables';
import { describe, expect, test } from '@jest/globals';
import { ROOT } from '../harness/hub.js';
import { OBEYED, STRANGE, WRITTEN_OUT } from '../harness/strangers-text.js';
import { Context, firing, TELLER } from './notify/world.js';

/** All texts of a decoded value. */
function deepText(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Object.values(value).map(deepText).join('');
  return String(value);
}

test('lines of tail are neutral, and as JSON say what was said', () => {
  const attributes = { client: STRANGE, reason: STRANGE };
  const line = changeLine('connections', 0, { kind: 'row', id: STRANGE, attributes, readings: {} });
  expect(line).not.toMatch(OBEYED);
  expect(JSON.parse(line)).toMatchObject({ id: STRANGE, ...attributes });
});

test('what a server says of itself is neutral in messages of top and tail', () => {
  for (const { message } of [unreachable('http://hub.test', STRANGE), refusedBy('http://hub.test', STRANGE)])
    expect(message).toContain(WRITTEN_OUT);
});

describe('alerts', () => {
  const tables = createTables();
  const slot = tables.connections.open('main:1', ['main', STRANGE, '192.0.2.1', '']);

  test('name listeners neutrally, in words, evidence and labels', () => {
    const rule = { name: 'r', table: 'connections', groupBy: 'row' } as Parameters<typeof labelsOf>[0];
    expect(listenerName(tables, slot)).toBe(WRITTEN_OUT);
    expect(labelsOf(rule, 'main:1', tables)).toEqual({ stream: 'main', connection: 'main:1', client: WRITTEN_OUT });
    const byClient = { ...rule, groupBy: { attribute: 'client' } } as typeof rule;
    expect(labelsOf(byClient, STRANGE, tables)).toEqual({ client: WRITTEN_OUT });
    const absent = { ...byClient, condition: { kind: 'absent' }, help: 'gone' } as typeof rule;
    const labels = { client: STRANGE };
    expect(messageOf({ rule: absent, group: STRANGE, labels, count: 1, worst: Number.NaN, names: [] })).toBe(
      `1 listener of client ${WRITTEN_OUT}: gone`,
    );
  });

  test('are told neutrally; a message keeps its lines', () => {
    const alert = { severity: 'error', title: STRANGE, message: `${STRANGE}\nmore`, labels: { stream: STRANGE } };
    const blame = { on: 'network', evidence: STRANGE };
    const told = { alert: { ...alert, blame }, state: 'firing', at: 0, isBrief: false } as unknown as Told;
    expect(headline(told)).toBe(`ERROR: ${WRITTEN_OUT} (${WRITTEN_OUT})`);
    expect(summary([told, told])).not.toMatch(OBEYED);
    expect(body(told)).toBe(`${WRITTEN_OUT}\nmore\nBlame: network, because ${WRITTEN_OUT}`);
  });
});

test('notifiers of machines that show texts to people pass them on neutrally', async () => {
  const sent: unknown[] = [];
  const outbound = { send: async (_: string, { body }: { body: string }) => sent.push(JSON.parse(body)) };
  const labels = { stream: 'main', client: STRANGE };
  const given = { title: STRANGE, message: STRANGE, labels, blame: { on: 'network', evidence: STRANGE } } as const;
  await new PagerDuty({ routingKey: 'k', url: 'u' }, outbound as never, TELLER).send(
    [firing('x', given)],
    new Context(),
  );
  await new Alertmanager('u', outbound as never, TELLER).send([firing('x', given)], new Context());
  expect(sent).toMatchObject([
    { payload: { summary: `${WRITTEN_OUT}: ${WRITTEN_OUT}`, custom_details: { labels: { client: WRITTEN_OUT } } } },
    [{ labels: { client: WRITTEN_OUT }, annotations: { summary: WRITTEN_OUT, description: WRITTEN_OUT } }],
  ]);
  expect(sent.map((each) => OBEYED.test(deepText(each)))).toEqual([false, false]);
});

describe.each(['json', 'pretty'])('the log as %s', (logFormat) => {
  const script = `
    import { createLogger } from '${ROOT}server/dist/hub/log.js';
    const log = createLogger({ logLevel: 'info', logFormat: '${logFormat}' });
    const strange = JSON.parse(process.argv[1]);
    log.warn({ notifier: strange, nested: { list: [strange] }, err: new Error(strange) }, strange + '\\nsecond');
  `;

  test('is neutral in every field', () => {
    const args = ['--input-type=module', '-e', script, JSON.stringify(STRANGE)];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect([stderr, stdout.length > 500]).toEqual(['', true]);
    expect(stdout).not.toMatch(OBEYED);
    if (logFormat === 'json') {
      expect(JSON.parse(stdout)).toMatchObject({ msg: `${STRANGE}\nsecond`, notifier: STRANGE });
    } else expect(stdout.split('\n')[0]).toContain(`${WRITTEN_OUT}\\nsecond`);
  });
});

test('pages isolate what strangers wrote', () => {
  const views = ['alerts', 'app', 'cell', 'engine-room'].map((name) => `client/dashboard/view/${name}.tsx`);
  const pages = [...views, 'client/listen/view.tsx'];
  const written = /\{(?:title|message|evidence|why|name|row\.key|session\.stream|dashboard\.refusal|of)\}/g;
  const places = pages.flatMap((file) => {
    const source = readFileSync(`${ROOT}${file}`, 'utf8');
    return [...source.matchAll(written)].map(({ 0: found, index }) => ({ found, before: source.slice(0, index) }));
  });
  expect(places.length).toBeGreaterThan(8);
  // As the text of an element, not as a property of a component.
  const texts = places.filter(({ before }) => !/[=$]$/.test(before));
  for (const { found, before } of texts) expect([found, /<bdi[^>]*>$/.test(before)]).toEqual([found, true]);
});
