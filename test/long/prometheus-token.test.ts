import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AuthFile } from '../harness/auth.js';
import { HubProcess } from '../harness/hub.js';
import { describeWith } from '../harness/program.js';
import { Prometheus } from '../harness/prometheus.js';

/** Scrapes are a second apart. */
const PATIENCE_MS = 20_000;
/** The paths that are scraped. */
const JOBS = ['auralis-hub', 'spec'] as const;
const DEPTH = 'auralis_engine_phrase_queue_depth{stream="main"}';

/** Looks until it has found `wanted` for each of the paths. */
async function expectEach(look: () => Promise<readonly unknown[]>, wanted: string): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found.length === JOBS.length && found.every((each) => each === wanted)) return;
    if (Date.now() > until) throw new Error(`${JSON.stringify(found)}, not ${wanted}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const expectValue = (prometheus: Prometheus, expression: string, value: string) =>
  expectEach(() => Promise.all(JOBS.map(async (job) => (await prometheus.query(expression, job))[0]?.value[1])), value);

const expectError = (prometheus: Prometheus, error: string) =>
  expectEach(async () => {
    const { activeTargets } = await prometheus.ask<{ activeTargets: { lastError: string }[] }>('targets?state=active');
    return activeTargets.map(({ lastError }) => lastError);
  }, error);

describeWith('prometheus', 'a real Prometheus and a hub that asks for a token', () => {
  const auth = new AuthFile();
  let hub: HubProcess;
  let without: Prometheus;
  let prometheus: Prometheus;

  beforeAll(async () => {
    hub = await HubProcess.start(['--auth-file', auth.path]);
    const { host } = new URL(hub.url);
    without = await Prometheus.start(host);
    prometheus = await Prometheus.start(host, auth.tokens.viewer);
    const { status } = await fetch(`${hub.url}/api/v1/streams/main/events`, {
      method: 'POST',
      headers: { ...auth.headers('publisher'), 'content-type': 'application/json' },
      body: JSON.stringify([{ type: 'queue', depth: 7 }]),
    });
    expect(status).toBe(202);
  }, 60_000);

  afterAll(async () => {
    await Promise.all([without.stop(), prometheus.stop()]);
    await hub.stop();
  });

  test('with a token of a viewer, as deploy/ says, it is up and has the figures of the hub', async () => {
    await expectValue(prometheus, 'up', '1');
    await expectValue(prometheus, DEPTH, '7');
  });

  test('without one it is down, says why, and has no figure', async () => {
    await expectValue(without, 'up', '0');
    await expectError(without, 'server returned HTTP status 401 Unauthorized');
    expect(await without.query('count({__name__=~"auralis_.*"})')).toEqual([]);
  });

  test('it is down once its token is taken back, and up with another, for which it need not be started again', async () => {
    auth.write({ without: ['viewer'] });
    process.kill(hub.pid, 'SIGHUP');
    await expectValue(prometheus, 'up', '0');
    await expectError(prometheus, 'server returned HTTP status 401 Unauthorized');
    prometheus.bring(auth.tokens.listener);
    await expectError(prometheus, 'server returned HTTP status 403 Forbidden');
    prometheus.bring(auth.tokens.admin);
    await expectValue(prometheus, 'up', '1');
    await expectValue(prometheus, DEPTH, '7');
  }, 90_000);
});
