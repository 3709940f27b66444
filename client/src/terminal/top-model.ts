import type { Welcome } from '@auralis/shared';
import { HubLink } from './hub-link.js';
import type { ScreenModel } from './screen.js';
import { placeConnections, sortableColumns } from './table-layout.js';
import { initialState, isDescending, type Surroundings, type TopState } from './top-state.js';
import { TopViews } from './top-views.js';

export interface TopOptions {
  readonly url: string;
  /** The token for a hub that asks for one. */
  readonly token: string | null;
  readonly stream: string | null;
  /** A column of `connections`. */
  readonly sort: string;
  readonly filter: string;
  /** 100, 250, 1000 or 5000. */
  readonly intervalMs: number;
}

/** The link to the hub, the user's choices and the views that the screen is made of. */
export class TopModel {
  readonly link: HubLink;
  readonly views: TopViews;
  state: TopState;
  readonly #options: TopOptions;
  readonly #sortable: readonly string[];

  /** `changed` is called when the screen may have changed. */
  constructor(options: TopOptions, changed: () => void) {
    this.#options = options;
    this.#sortable = sortableColumns(options.sort);
    this.state = initialState(options.sort, options.stream, options.filter);
    this.link = new HubLink(options.url, options.token, changed);
    this.views = new TopViews(this.link, options.intervalMs, changed);
  }

  /** Asks the hub for the rows that fit. */
  ask(width: number, rows: number): void {
    const { sort, stream, filter, closed, offset } = this.state;
    const specs = new Map(
      this.#catalogue.filter((each) => each.table === 'connections').map((each) => [each.name, each]),
    );
    // The columns are unknown before the first WELCOME, and so is which of them fit.
    if (specs.size === 0) return;
    const placed = placeConnections(width, sort, stream === null, specs);
    const columns = placed.filter(({ spec }) => spec !== null).map(({ name }) => name);
    const desc = isDescending(this.state);
    const { intervalMs } = this.#options;
    this.views.ask({ stream, filter, closed, sort, desc, offset, limit: rows, columns, intervalMs });
  }

  screen(): ScreenModel {
    const { hub } = this.link.live;
    const id = hub?.hub.split('@')[0] ?? '';
    return {
      url: this.#options.url,
      hub: hub === null ? null : { id, version: hub.version },
      status: this.link.status,
      nowMs: Date.now(),
      hubRow: this.views.hubRow(id),
      streams: this.views.streams(),
      alerts: this.views.alerts(),
      connections: this.views.connections(),
      isStale: this.views.isStale,
      state: this.state,
      notice: this.views.notice,
      catalogue: this.#catalogue,
    };
  }

  /** `visible` is the number of connection rows that fit. */
  around(visible: number): Surroundings {
    const streams = this.views.streams().map(({ key }) => key);
    return { columns: this.#sortable, streams, total: this.views.connections().total, visible };
  }

  get #catalogue(): Welcome['catalogue'] {
    return this.link.live.hub?.catalogue ?? [];
  }
}
