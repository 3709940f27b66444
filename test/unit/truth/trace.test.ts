import { FrameBuilder, MsgpackFrameSink, SCHEMAS, type Table } from '@auralis/shared';
import { expect, test } from '@jest/globals';
import { Page } from './page.js';
import { World } from './world.js';

const PAGES = 150;
const TICK_MS = 250;
const TICKS = 80;

/** All rows with what is known of them, at the precision of the columns, as a JSON protocol would send them. */
function jsonOf(table: Table): string {
  const { attributes, columns } = SCHEMAS.connections;
  const rows = [...table.slots()].map((slot) => {
    const texts = attributes.map((name, at) => [name, table.attributesOf(slot)[at]]);
    const known = columns.flatMap(({ name, index }) => {
      const value = table.get(slot, index);
      return Number.isNaN(value) ? [] : [[name, value]];
    });
    return Object.fromEntries([['id', table.keyOf(slot)], ...texts, ...known]);
  });
  return JSON.stringify(rows);
}

// The benchmark's ticks are made by hand; these are what SDKs report and the hub makes of it, seeded, on simulated
// links.
test('a tick of whole rows, as real pages report them, is a hundredth of the JSON of the same rows', () => {
  const world = new World();
  for (let at = 0; at < PAGES; at++) new Page(world, `page-${at}`, at * 100);
  world.run(20);
  const table = world.connections;
  expect(table.size).toBe(PAGES);
  const builder = new FrameBuilder(
    table,
    SCHEMAS.connections.columns.map(({ index }) => index),
  );
  const sink = new MsgpackFrameSink();
  builder.advance(1, 'hub@1', 0, [sink], true);
  const shares: number[] = [];
  for (let tick = 1; tick <= TICKS; tick++) {
    world.run(TICK_MS / 1000);
    builder.advance(1, 'hub@1', tick, [sink], true);
    shares.push(sink.writer.length / Buffer.byteLength(jsonOf(table)));
  }
  shares.sort((a, b) => a - b);
  expect(shares[TICKS >> 1]).toBeLessThan(0.012);
  expect(shares.at(-1)).toBeLessThan(0.05);
});
