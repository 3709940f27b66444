import type { Dashboard, GridPos, Panel, RowPanel } from '@grafana/schema';
import { expect, test } from '@jest/globals';
import { committed } from '../../generate/outputs.js';

const dashboard = JSON.parse(committed('deploy/grafana-dashboard.json')) as Dashboard;
const top = dashboard.panels ?? [];
const isRow = (panel: Panel | RowPanel): panel is RowPanel => panel.type === 'row';
const rows = top.filter(isRow);
const folded = rows.flatMap(({ panels }) => panels);
const panels = [...top.filter((panel): panel is Panel => !isRow(panel)), ...folded];

/** Ids of units in `packages/grafana-data/src/valueFormats/categories.ts`, as far as they are used here. */
const UNITS = ['short', 's', 'bytes', 'Bps', 'percentunit', 'dB', 'celsius', 'watt', 'hertz', 'cps'];

test('panels have ids of their own, and a known type, unit and source', () => {
  const ids = [...top, ...folded].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(panels.length).toBeGreaterThan(100);
  for (const { title, type, datasource, fieldConfig, targets = [] } of panels) {
    expect([title, type, datasource?.uid]).toEqual([title, 'timeseries', '$datasource']);
    expect(UNITS).toContain(fieldConfig?.defaults.unit);
    const refs = targets.map(({ refId }) => refId);
    expect([title, new Set(refs).size, refs.length > 0]).toEqual([title, refs.length, true]);
    for (const target of targets) expect(target.datasource).toEqual(datasource);
  }
});

test('no panel lies on another, or beside the grid', () => {
  const overlap = (a: GridPos, b: GridPos) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
  const places = (some: readonly (Panel | RowPanel)[]) => some.map(({ gridPos }) => gridPos as GridPos);
  // Panels of a folded row are laid out as if the row were open and nothing came after it.
  for (const group of [places(top), ...rows.map((row) => places([row, ...row.panels]))]) {
    for (const [at, place] of group.entries()) {
      expect(place.x + place.w).toBeLessThanOrEqual(24);
      expect(group.slice(at + 1).filter((other) => overlap(place, other))).toEqual([]);
    }
  }
});

test('colours begin below everything and rise', () => {
  for (const { title, fieldConfig } of panels) {
    const [first, ...others] = (fieldConfig?.defaults.thresholds?.steps ?? []).map(({ value }) => value);
    expect([title, first]).toEqual([title, null]);
    expect(others).toEqual([...others].sort((a, b) => Number(a) - Number(b)));
    expect(others).not.toContain(null);
  }
});

test('every variable that is asked for is there', () => {
  const known = (dashboard.templating?.list ?? []).map(({ name }) => name);
  expect(known).toEqual(['datasource', 'instance', 'stream']);
  const asked = JSON.stringify(dashboard).match(/(?<=\$)[a-z]\w*/g) ?? [];
  expect([...new Set(asked)].sort()).toEqual([...known].sort());
});
