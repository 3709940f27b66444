import { GpuRows } from '@auralis/server/host/gpu-rows';
import { type GpuReading, parseLog } from '@auralis/server/host/nvidia-smi-parser/parse';
import { createTables } from '@auralis/server/state/tables';
import { SCHEMAS } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import { logOf } from './fixtures.js';

const GPU = SCHEMAS.gpus.index;
const pair = parseLog(logOf('rtx-3090-pair-driver-470'));
const [busy, idle] = pair.map(({ id }) => id) as [string, string];

function world() {
  const { gpus } = createTables();
  const rows = new GpuRows(gpus);
  const keys = () => Array.from(gpus.slots(), (slot) => gpus.keyOf(slot));
  const get = (id: string, column: keyof typeof GPU) => gpus.get(gpus.slotOf(id) as number, GPU[column]);
  return { gpus, rows, keys, get };
}

test('a row for each GPU, by its uuid, with its name', () => {
  const { gpus, rows, keys, get } = world();
  rows.write(pair);
  rows.write(pair);
  expect(keys()).toEqual([busy, idle]);
  expect(gpus.attributesOf(gpus.slotOf(busy) as number)).toEqual(['NVIDIA GeForce RTX 3090', busy]);
  expect(get(busy, 'power_w')).toBe(318.1);
  expect(get(busy, 'memory_used_mb')).toBe(7810);
  expect(get(idle, 'utilization_percent')).toBe(0);
  expect(get(idle, 'mig_devices')).toBeNaN();
});

describe('a GPU that the driver cannot reach', () => {
  const [first] = pair as [GpuReading];
  const lost: GpuReading = { ...first, id: first.busId, uuid: '', name: '', isLost: true, memoryUsedMb: Number.NaN };

  test.each([
    ['says so', [lost, ...pair.slice(1)]],
    ['is in the list no more', pair.slice(1)],
  ])('and that %s is lost under its own name, until it is back', (_, readings) => {
    const { gpus, rows, keys, get } = world();
    rows.write(pair);
    rows.write(readings);
    expect(keys()).toEqual([busy, idle]);
    expect([get(busy, 'state'), get(busy, 'memory_used_mb'), get(idle, 'state')]).toEqual([1, Number.NaN, 0]);
    expect(gpus.attributesOf(gpus.slotOf(busy) as number)).toEqual(['NVIDIA GeForce RTX 3090', busy]);
    rows.clear();
    expect(get(busy, 'state')).toBe(1);
    rows.write(pair);
    expect([get(busy, 'state'), get(busy, 'temperature_c')]).toEqual([0, 71]);
  });

  test('has its place on the bus for a name if it never said another', () => {
    const { rows, keys, get } = world();
    rows.write([lost, ...pair.slice(1)]);
    expect([keys(), get(lost.busId, 'state')]).toEqual([[lost.busId, idle], 1]);
    rows.write(pair);
    expect(keys().sort()).toEqual([busy, idle].sort());
  });
});

test('when nothing is known any more, the GPUs stay and their readings go', () => {
  const { rows, keys, get } = world();
  rows.write(pair);
  rows.clear();
  expect(keys()).toEqual([busy, idle]);
  for (const column of Object.keys(GPU) as (keyof typeof GPU)[]) expect(get(busy, column)).toBeNaN();
});

test('two that give the same id share a row', () => {
  const { rows, keys } = world();
  rows.write(pair.map((reading) => ({ ...reading, id: 'gpu' })));
  expect(keys()).toEqual(['gpu']);
});
