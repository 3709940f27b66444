import type { Table } from '@auralis/shared';
import type { Tables } from '../state/tables.js';
import { writeAlertCounts } from './alert-counts.js';
import { Exposition, type Form, labelsOf } from './exposition.js';
import { ListenerCensus } from './listener-census.js';
import { ListenerHistograms } from './listener-histograms.js';
import { namedStreams, OTHER } from './named-streams.js';
import { type Family, ROW_LABEL, TABLE_FAMILIES } from './naming.js';
import { isSummed, OtherRows } from './other-rows.js';
import { type SpecFigures, type SpecNames, writeSpecLines } from './spec-lines.js';

const HUB_INFO: Family = { name: 'auralis_hub_info', type: 'gauge', unit: null, help: 'What this hub is; always 1' };
const GPU_INFO: Family = { name: 'auralis_gpu_info', type: 'gauge', unit: null, help: 'What this GPU is; always 1' };

/**
 * The page that Prometheus scrapes. Every column of `hubs`, `streams`, `engines`, `hosts` and `gpus` is on it by
 * itself; listeners are only as histograms, counts and the worst of them. How long it is does not depend on how many
 * streams or listeners there are.
 */
export class PrometheusPage {
  readonly #tables: Tables;
  readonly #histograms = new ListenerHistograms();
  readonly #census: ListenerCensus;
  readonly #otherStreams: OtherRows;
  readonly #otherEngines: OtherRows;
  #named: ReadonlySet<string> = new Set();

  constructor(tables: Tables) {
    this.#tables = tables;
    this.#census = new ListenerCensus(tables.connections);
    this.#otherStreams = new OtherRows(tables.streams);
    this.#otherEngines = new OtherRows(tables.engines);
  }

  /**
   * Look at the tables, once a second and step by step: for sums over time, the streams that have lines of their own,
   * and figures of listeners. So a page costs the same however many listeners there are.
   */
  *observe(): Generator<void> {
    this.#named = namedStreams(this.#tables);
    yield* this.#histograms.observe(this.#tables, this.#named);
    this.#otherStreams.observe(this.#named);
    this.#otherEngines.observe(this.#named);
    yield* this.#census.observe();
  }

  write(form: Form, names: SpecNames, figures: SpecFigures): string {
    const page = new Exposition(form);
    const { hubs, streams, engines, hosts, gpus } = this.#tables;
    writeSpecLines(page, names, figures);
    this.#writeInfo(page, HUB_INFO, 'hub', hubs);
    this.#writeRows(page, 'hubs', hubs, null);
    this.#writeRows(page, 'streams', streams, this.#otherStreams);
    this.#histograms.write(page);
    this.#census.write(page);
    this.#writeRows(page, 'engines', engines, this.#otherEngines);
    this.#writeRows(page, 'hosts', hosts, null);
    this.#writeInfo(page, GPU_INFO, 'gpu', gpus);
    this.#writeRows(page, 'gpus', gpus, null);
    writeAlertCounts(page, this.#tables);
    return page.end();
  }

  /** `other`: for a table by stream, the account of the rows that have no line of their own. */
  #writeRows(page: Exposition, name: keyof typeof ROW_LABEL, table: Table, other: OtherRows | null): void {
    const label = ROW_LABEL[name];
    const slots = Array.from(table.slots());
    const isNamed = (slot: number) => other === null || this.#named.has(table.keyOf(slot));
    const rows = slots.filter(isNamed).map((slot) => ({ slot, labels: labelsOf({ [label]: table.keyOf(slot) }) }));
    const rest = slots.filter((slot) => !isNamed(slot));
    const restLabels = labelsOf({ [label]: OTHER });
    for (const family of TABLE_FAMILIES[name]) {
      const { column, multiply, divide } = family;
      const cells = table.cells[column.index] as Float64Array;
      page.family(family);
      for (const { slot, labels } of rows) page.sample(labels, ((cells[slot] as number) * multiply) / divide);
      if (other?.any && isSummed(column)) page.sample(restLabels, (other.cell(column, rest) * multiply) / divide);
    }
  }

  /** A row's text attributes, as labels of a line whose value is 1. */
  #writeInfo(page: Exposition, family: Family, label: string, table: Table): void {
    page.family(family);
    for (const slot of table.slots()) {
      const texts = table.attributesOf(slot);
      const attributes = Object.fromEntries(table.schema.attributes.map((name, at) => [name, texts[at] ?? '']));
      page.sample(labelsOf({ [label]: table.keyOf(slot), ...attributes }), 1);
    }
  }
}
