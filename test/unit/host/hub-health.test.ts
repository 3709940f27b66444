import { HealthProbe, HubHealth } from '@auralis/server/host/hub-health';
import { createTables, HUB } from '@auralis/server/state/tables';
import { expect, test } from '@jest/globals';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('delays are of the last second, pauses of the last minute', () => {
  const { hubs } = createTables();
  const slot = hubs.open('hub');
  const health = new HubHealth(hubs, slot);
  for (let second = 1; second <= 90; second++) {
    const reading = { loopDelayP50Ms: 0.5, loopDelayP99Ms: second, gcMs: second <= 30 ? 0.1 : 0 };
    health.write(reading, second * 1000);
    expect(hubs.get(slot, HUB.event_loop_delay_p99_ms)).toBe(second);
    if (second === 60) expect(hubs.get(slot, HUB.gc_pause_ms)).toBe(3);
  }
  expect(hubs.get(slot, HUB.event_loop_delay_p50_ms)).toBe(0.5);
  expect(hubs.get(slot, HUB.gc_pause_ms)).toBe(0);
});

test('a loop that stands still for 200 ms shows as a delay of nearly that; one at rest does not', async () => {
  const probe = new HealthProbe();
  await sleep(300);
  await turn();
  probe.read();
  await sleep(300);
  const until = performance.now() + 200;
  while (performance.now() < until);
  await sleep(1);
  await turn();
  const { loopDelayP99Ms, loopDelayP50Ms } = probe.read();
  // The timer that was due within the first 20 ms was that much less late.
  expect(loopDelayP99Ms).toBeGreaterThan(170);
  // Half of the samples were at rest; 20 ms are what lies between two of them, and no delay.
  expect(loopDelayP50Ms).toBeLessThan(20);
  probe.close();
});

test('without peers the loop is sampled ten times less often, and delays are still net of the interval', () => {
  const begun: { resolution: number; isEnabled: boolean }[] = [];
  const probe = new HealthProbe(((options: { resolution: number }) => {
    const one = { resolution: options.resolution, isEnabled: false };
    begun.push(one);
    return {
      count: 1,
      percentile: () => (one.resolution + 7) * 1e6,
      reset: () => {},
      enable: () => (one.isEnabled = true),
      disable: () => (one.isEnabled = false),
    };
  }) as never);
  const enabled = () => begun.filter(({ isEnabled }) => isEnabled).map(({ resolution }) => resolution);
  for (const isIdle of [false, true, true, false]) {
    probe.pace(isIdle);
    expect(enabled()).toEqual([isIdle ? 200 : 20]);
    expect(probe.read().loopDelayP99Ms).toBe(7);
  }
  // A histogram that goes on keeps what it has sampled.
  expect(begun.length).toBe(3);
  probe.close();
  expect(enabled()).toEqual([]);
});

test('garbage collections are seen, each once', async () => {
  const probe = new HealthProbe();
  let kept: object[] = [];
  for (let round = 0; round < 50; round++) {
    kept = Array.from({ length: 20_000 }, (_, at) => ({ at, text: `${at}` }));
    await turn();
  }
  await sleep(50);
  expect(kept.length).toBe(20_000);
  expect(probe.read().gcMs).toBeGreaterThan(0);
  probe.close();
});
