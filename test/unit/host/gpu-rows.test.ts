import { GpuRows } from '@auralis/server/host/gpu-rows';
import { parseLog } from '@auralis/server/host/nvidia-smi-parser/parse';
import { createTables } from '@auralis/server/state/tables';
import { SCHEMAS } from '@auralis/shared';
import { expect, test } from '@jest/globals';
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

test('a GPU that has fallen off the bus goes, and may come back', () => {
  const { rows, keys, get } = world();
  rows.write(pair);
  rows.write(pair.slice(1));
  expect(keys()).toEqual([idle]);
  rows.write(pair);
  expect(get(busy, 'temperature_c')).toBe(71);
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
