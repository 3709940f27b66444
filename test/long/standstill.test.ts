import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { NO_HOST_RULES } from '../harness/alerts.js';
import { CountingEngine, CountingListener } from '../harness/counting.js';
import { FAKETIME, FakeClock } from '../harness/fake-clock.js';
import { HubProcess } from '../harness/hub.js';
import { describeWith } from '../harness/program.js';
import { LiveSocket, TestSocket } from '../harness/socket.js';

/** Longer than the hub waits for a sign of life. */
const STOPPED_S = 125;
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

type Row = Readonly<Record<string, string | number | null>>;

describeWith(
  FAKETIME.program,
  `a hub that was stopped for ${STOPPED_S} s`,
  () =>
    describe.each(['uws', 'ws'])('on %s', (transport) => {
      let clock: FakeClock;
      let hub: HubProcess;
      let engine: CountingEngine;
      let listener: CountingListener;
      let reporting: NodeJS.Timeout;

      beforeEach(async () => {
        clock = new FakeClock(0, 'both');
        const args = ['--transport', transport, '--config', NO_HOST_RULES, '--gpu-interval-s', '0'];
        hub = await HubProcess.start(args, clock.env);
        engine = new CountingEngine(await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/publish`));
        listener = await CountingListener.open(hub, 'main', 'anna');
        engine.start(100, new Uint8Array(10));
        reporting = setInterval(() => listener.report({}), 500);
        await until('connections', ([row]) => row?.status === 'ok' && Number(row.reports) > 0);
      });
      afterEach(async () => {
        clearInterval(reporting);
        engine.stop();
        for (const { ws } of [engine.socket, listener.socket]) ws.terminate();
        await hub.stop();
        clock.remove();
      });

      const rows = async (table: string) => (await hub.get<{ items: Row[] }>(`/api/v1/${table}?limit=1000`)).items;

      async function until(table: string, isSo: (found: readonly Row[]) => boolean): Promise<readonly Row[]> {
        for (let tries = 0; ; tries++) {
          // A connection that waits for the next request ends with its own deadline.
          const found = await rows(table).catch(() => []);
          if (isSo(found)) return found;
          if (tries === 150) throw new Error(`it never was: ${JSON.stringify(found)}\n${hub.log}`);
          await pause(100);
        }
      }

      /** The process stands for a second, in which its clocks go on by 125. */
      async function stand(meanwhile: () => void = () => {}): Promise<void> {
        process.kill(hub.pid, 'SIGSTOP');
        meanwhile();
        clock.set(STOPPED_S);
        await pause(1_000);
        process.kill(hub.pid, 'SIGCONT');
      }

      const firing = (alerts: readonly Row[]) => alerts.filter(({ state }) => state === 'firing');

      test('keeps everybody who is there, also who only reads, and blames itself', async () => {
        const quiet = await CountingListener.open(hub, 'main', 'quiet');
        const dashboard = new LiveSocket(hub.wsUrl);
        await dashboard.nextResponse('welcome');
        // On a busy machine an engine may begin slowly, which is its own fault.
        const earlier = new Set((await rows('alerts')).map(({ id }) => id));
        // As much audio as a stop of 5 s leaves in the hub's sockets.
        await stand(() => {
          for (let count = 0; count < 50; count++) engine.publish(100, new Uint8Array(10));
        });
        await until('alerts', (alerts) => firing(alerts).some(({ rule }) => rule === 'event-loop-delay'));
        // Long enough for rules that hold for 5 s.
        const before = listener.chunks;
        await until('streams', () => listener.chunks >= before + 60);
        for (const { ws } of [engine.socket, listener.socket, quiet.socket, dashboard]) expect(ws.readyState).toBe(1);
        expect((await rows('hubs'))[0]).toMatchObject({ stalled_closed: 0, clock_steps: 0 });
        const alerts = (await rows('alerts')).filter(({ id }) => !earlier.has(id));
        expect(alerts.filter(({ rule }) => rule === 'event-loop-delay')).toMatchObject([{ blame: 'node' }]);
        expect(alerts.filter(({ blame }) => blame === 'engine' || blame === 'network')).toEqual([]);
        // Audio that waited in the hub's sockets arrives at once. That is no burst of the engine.
        const [stream] = await rows('streams');
        expect(stream?.burst_ms).toBe(0);
        expect(stream?.status_reason).not.toBe('burst');
        const reasons = (await rows('connections')).map(({ status_reason }) => status_reason);
        expect(reasons).not.toContain('engine_burst');
        expect(alerts.filter(({ evidence }) => /ahead of real time/.test(String(evidence)))).toEqual([]);
        expect(hub.log).toMatch(/event loop blocked/);
        for (const { ws } of [quiet.socket, dashboard]) ws.terminate();
      });

      // Blame knows nothing of transports.
      if (transport === 'ws') return;
      test('is to blame for an engine that gave it up', async () => {
        await stand(() => {
          engine.stop();
          engine.socket.ws.terminate();
        });
        const alerts = await until('alerts', (found) => firing(found).some(({ rule }) => rule === 'engine-offline'));
        const gone = alerts.find(({ rule }) => rule === 'engine-offline');
        expect(gone).toMatchObject({ blame: 'node', stream: 'main' });
        expect(gone?.evidence).toMatch(
          /the event loop of this hub was blocked for .* and the engine of stream main left/,
        );
      });
    }),
  [...FAKETIME.probe],
);
