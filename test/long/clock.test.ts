import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { noHostRules, raise } from '../harness/alerts.js';
import { CountingEngine, CountingListener } from '../harness/counting.js';
import { FAKETIME, FakeClock } from '../harness/fake-clock.js';
import { HubProcess, newDataDir } from '../harness/hub.js';
import { describeWith } from '../harness/program.js';
import { Receiver } from '../harness/receiver.js';
import { LiveSocket, TestSocket } from '../harness/socket.js';

const HOUR_S = 3_600;
/** A machine without a battery for its clock. */
const WRONG_S = -20 * 365 * 24 * HOUR_S;
/** Steps are of hours and years: what lies so near was not missed by one. */
const NEAR_MS = 60_000;

type Row = Readonly<Record<string, string | number | null>>;

describeWith(
  FAKETIME.program,
  'a hub whose wall clock is set',
  () =>
    describe.each(['uws', 'ws'])('on %s', (transport) => {
      let wall: FakeClock;
      let receiver: Receiver;
      let hub: HubProcess;
      let reporting: NodeJS.Timeout | undefined;
      let dataDir: string;

      beforeEach(async () => {
        dataDir = newDataDir();
        wall = new FakeClock(WRONG_S);
        receiver = await Receiver.start();
        const config = join(dataDir, 'hub.yaml');
        const notifiers = { hook: { type: 'webhook', url: receiver.url } };
        writeFileSync(config, JSON.stringify({ ...noHostRules(), notifiers }));
        const args = ['--transport', transport, '--config', config, '--gpu-interval-s', '0'];
        hub = await HubProcess.start(args, { ...wall.env, AURALIS_DATA_DIR: dataDir });
      });
      afterEach(async () => {
        clearInterval(reporting);
        await hub.stop();
        await receiver.stop();
        wall.remove();
        rmSync(dataDir, { recursive: true });
      });

      const rows = async (table: string) => (await hub.get<{ items: Row[] }>(`/api/v1/${table}?limit=1000`)).items;
      const timeOf = (row: Row | undefined, column: string) => Date.parse(String(row?.[column]));
      const isNear = (t: number) => Math.abs(t - wall.now) < NEAR_MS;

      async function until<Found>(look: () => Promise<Found>, isSo: (found: Found) => boolean): Promise<Found> {
        for (let tries = 0; ; tries++) {
          const found = await look();
          if (isSo(found)) return found;
          if (tries === 150) throw new Error(`it never was: ${JSON.stringify(found)}\n${hub.log}`);
          await new Promise((done) => setTimeout(done, 100));
        }
      }

      async function step(offsetS: number, nth: number): Promise<void> {
        wall.set(offsetS);
        await until(
          () => rows('hubs'),
          ([row]) => row?.clock_steps === nth,
        );
      }

      /** Hub's clock, by which listeners measure, minus ours. */
      async function measured(listener: CountingListener): Promise<number> {
        const t0 = Date.now();
        listener.socket.send({ type: 'clock_sync', t0 });
        const { t1 } = await listener.socket.nextText<{ t1: number }>('clock_sync');
        return t1 - t0;
      }

      async function expectAllNear(title: string): Promise<void> {
        await raise(hub, title);
        await receiver.until((requests) => requests.some(({ body }) => body.includes(title)));
        const told = receiver.bodies.find(({ data }) => (data as { alert: { title: string } }).alert.title === title);
        const [hubRow] = await rows('hubs');
        const [connection] = await rows('connections');
        const live = new LiveSocket(hub.wsUrl);
        const { welcome } = await live.nextResponse('welcome');
        live.ws.close();
        const { points } = await until(
          () =>
            hub.get<{ points: [number, number | null][] }>(
              `/api/v1/history?table=hubs&row=${hubRow?.id}&column=errors`,
            ),
          (history) => history.points.some(([, value]) => value !== null),
        );
        const times = {
          webhook: Date.parse(told?.timestamp as string),
          since: (told?.data as { alert: { since: number } } | undefined)?.alert.since,
          alerts: (await rows('alerts')).map((row) => timeOf(row, 'since')),
          startedAt: timeOf(hubRow, 'started_at'),
          connectedAt: timeOf(connection, 'connected_at'),
          lastReportAt: timeOf(connection, 'last_report_at'),
          welcome: welcome.now,
          history: points.at(-1)?.[0] as number,
        };
        const far = Object.entries(times).filter(([, found]) => ![found].flat().every((t) => isNear(t ?? Number.NaN)));
        expect(far).toEqual([]);
      }

      test('shows, keeps and sends its time, and measures as before', async () => {
        const listener = await CountingListener.open(hub, 'main', 'anna');
        const engine = new CountingEngine(await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/publish`));
        engine.start(100, new Uint8Array(10));
        reporting = setInterval(() => listener.report({}), 250);
        await until(
          () => rows('connections'),
          ([row]) => Number(row?.reports) > 0,
        );
        await raise(hub, 'before');
        const offset = await measured(listener);

        await step(0, 1);
        await expectAllNear('set right');
        // Through a night of sleep.
        await step(8 * HOUR_S, 2);
        await expectAllNear('after the night');
        await step(7 * HOUR_S, 3);
        await expectAllNear('set back');

        expect(Math.abs((await measured(listener)) - offset)).toBeLessThan(NEAR_MS);
        const [connection] = await rows('connections');
        expect(connection).toMatchObject({ state: 'open', closed_at: null });
        expect(hub.log.match(/wall clock stepped/g)).toHaveLength(3);
        engine.stop();
        engine.socket.ws.terminate();
        listener.socket.ws.terminate();
      });

      test('ends a silence by the wall clock', async () => {
        await step(0, 1);
        const post = (path: string, body: object) =>
          fetch(hub.url + path, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
          });
        const silence = { matchers: { rule: 'manual' }, author: 'anna', reason: 'sleep', lastsS: 4 * HOUR_S };
        const made = (await (await post('/api/v1/alerts/silences', silence)).json()) as { endsAt: string };
        expect(isNear(Date.parse(made.endsAt) - 4 * HOUR_S * 1000)).toBe(true);
        await raise(hub, 'silenced');
        await step(8 * HOUR_S, 2);
        await receiver.until((requests) => requests.length > 0);
        expect(receiver.bodies).toMatchObject([{ type: 'alert.firing', data: { alert: { title: 'silenced' } } }]);
        expect(await hub.get('/api/v1/alerts/silences')).toMatchObject({ total: 0 });
      });
    }),
  [...FAKETIME.probe],
);
