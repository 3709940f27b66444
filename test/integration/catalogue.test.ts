import { existsSync, readFileSync } from 'node:fs';
import { createHub } from '@auralis/server';
import { HUB } from '@auralis/server/state/tables';
import { COLUMNS, type Column, TABLE_NAMES } from '@auralis/shared';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ROOT } from '../harness/hub.js';
import { CatalogueWorld, type Row } from './catalogue-world.js';

/** Columns that their source moves in another test: it takes minutes, or a fault of the hub. */
const MOVED_ELSEWHERE: Readonly<Record<string, string>> = {
  // Two minutes without a sign of life.
  'hubs.stalled_closed': 'test/long/stalled-dashboards.test.ts',
  // Nothing but a damaged disk, or a full one.
  'hubs.store_failing': 'test/long/disk.test.ts',
  'hubs.history_failing': 'test/integration/history.test.ts',
  'hubs.databases_damaged': 'test/integration/damage.test.ts',
  // A wall clock that is set.
  'hubs.clock_steps': 'test/long/clock.test.ts',
  // Five thousand alerts at once.
  'hubs.alerts_refused': 'test/unit/alerts/room.test.ts',
  // A thousand streams, hundreds of channels, thousands of rows.
  'hubs.refused_over_share': 'test/integration/places.test.ts',
  'hubs.streams_refused': 'test/integration/places.test.ts',
  'hubs.dashboards_refused': 'test/integration/places.test.ts',
  'hubs.raised_alerts_refused': 'test/integration/places.test.ts',
  'hubs.closed_rows_dropped': 'test/attacks/churn.ts',
  'hubs.dashboards_shed': 'test/unit/live/budget.test.ts',
  'hubs.dashboards_waiting_mb': 'test/attacks/dead-dashboards.ts',
  // A container's quota.
  'hosts.cgroup_limits': 'test/unit/host/cgroup.test.ts',
  // Nobody outside can make one: below.
  'hubs.errors': 'test/integration/catalogue.test.ts',
};

/** Columns that stand at 0, or at their first label, before anything has happened: only something else has moved. */
const startsAtNothing = ({ counter, labels, unit }: Column) => counter || labels !== undefined || unit === 'count';

const placeOf = ({ table, name }: Column) => `${table}.${name}`;

describe('every column of the catalogue', () => {
  let world: CatalogueWorld;
  /** Columns that have moved, and what to. */
  const moved = new Map<string, unknown>();

  beforeAll(async () => {
    world = await CatalogueWorld.start();
    await world.everything();
    // The hub pings each listener once in ten seconds.
    for (let look = 0; look < 100 && missing().length > 0; look++) {
      await lookAtAll();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }, 60_000);
  afterAll(() => world.stop());

  async function lookAtAll(): Promise<void> {
    for (const table of TABLE_NAMES) {
      const rows = await world.rows(table);
      for (const column of COLUMNS) if (column.table === table) note(column, rows);
    }
  }

  function note(column: Column, rows: readonly Row[]): void {
    for (const row of rows) {
      const value = row[column.name] ?? null;
      if (value === null) continue;
      if (startsAtNothing(column) && (value === 0 || value === column.labels?.[0])) continue;
      moved.set(placeOf(column), value);
    }
  }

  const missing = () => COLUMNS.map(placeOf).filter((place) => !moved.has(place) && !(place in MOVED_ELSEWHERE));

  test('is moved by its real source, as REST shows it', () => expect(missing()).toEqual([]));

  test('or by that of a test that is named here, and there', () => {
    for (const [place, path] of Object.entries(MOVED_ELSEWHERE)) {
      expect(COLUMNS.map(placeOf)).toContain(place);
      expect(existsSync(ROOT + path)).toBe(true);
      expect(readFileSync(ROOT + path, 'utf8')).toContain(place.split('.')[1]);
    }
  });

  test('agrees with what was counted outside, where it can be counted', async () => {
    const { counts, listeners, main } = world;
    main.stop();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const [hub] = (await world.rows('hubs')) as [Row];
    expect(hub).toMatchObject({
      messages_refused: counts.refusedMessages,
      messages_oversize: counts.oversize,
      listeners_removed: counts.removed,
      refused_at_capacity: counts.full,
      upgrades_refused: counts.refusedUpgrades,
      errors: 0,
    });
    const streams = new Map((await world.rows('streams')).map((row) => [row.id, row]));
    expect(streams.get('main')).toMatchObject({ chunks_published: main.chunks });
    const rows = await world.rows('connections');
    const clients = ['well', 'troubled', 'stuck', 'drains'];
    for (const [at, client] of clients.entries()) {
      const row = rows.find((candidate) => candidate.client === client);
      expect([client, row?.chunks_sent]).toEqual([client, listeners[at]?.chunks]);
    }
    const [well, , stuck] = clients.map((client) => rows.find((row) => row.client === client));
    expect(well).toMatchObject({ chunks_dropped: 0, clock: 'synced', latency_ms: 2, startup_ms: 640 });
    expect((stuck?.chunks_sent as number) + (stuck?.chunks_dropped as number)).toBe(main.chunks);
  });
});

test('hubs.errors is moved by an internal error', async () => {
  const library = await createHub({ port: 0, logLevel: 'silent', gpuIntervalS: 0 });
  const { hubs, engines } = library.tables;
  const slot = [...hubs.slots()][0] as number;
  expect(hubs.get(slot, HUB.errors)).toBe(0);
  const { slots } = engines;
  engines.slots = () => {
    throw new Error('as a fault would');
  };
  for (let look = 0; look < 50 && hubs.get(slot, HUB.errors) === 0; look++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  engines.slots = slots;
  expect(hubs.get(slot, HUB.errors)).toBeGreaterThan(0);
  await library.stop();
});
