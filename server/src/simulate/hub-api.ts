import { bearer, TOKEN_ADVICE, withoutTrailingSlashes } from '@auralis/shared';
import { SimulationError } from './options.js';

const TIMEOUT_MS = 10_000;
const PAGE_ROWS = 1_000;
/** A hub that was there and is not any more is given this long to come back, ms. */
const AWAY_MS = 10_000;
const RETRY_MS = 250;

/** A row of the hub's REST answers. */
export type Row = Readonly<Record<string, string | number | null>>;

interface Page {
  readonly items: readonly Row[];
  readonly next: number | null;
}

/** The hub's REST interface, as far as the simulation reads it. */
export class HubApi {
  readonly #base: string;
  /** Headers of each request to the hub, upgrades too. */
  readonly headers: Readonly<Record<string, string>>;
  #wasReached = false;

  /** `url` of the hub, with or without a path prefix. */
  constructor(url: string, token: string | undefined) {
    this.headers = bearer(token);
    this.#base = `${withoutTrailingSlashes(url)}/api/v1`;
  }

  /** Where WebSockets are opened; `path` is below `/api/v1`. */
  socketUrl(path: string): string {
    return `${this.#base.replace(/^http/, 'ws')}${path}`;
  }

  /**
   * Return the hub that answers, and its boot.
   * @throws SimulationError
   */
  async boot(): Promise<string> {
    const [hub] = await this.#all('/hubs?');
    return `${hub?.id}@${hub?.started_at}`;
  }

  /** Number of the last chunk of each stream. @throws SimulationError */
  async publishedSeqs(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#all('/streams?');
    return new Map(rows.map((row) => [String(row.id), Number(row.chunks_published ?? 0)]));
  }

  /** All connections of a stream, those closed in the last minute too, by id. @throws SimulationError */
  async connections(stream: string): Promise<ReadonlyMap<string, Row>> {
    const rows = await this.#all(`/connections?stream=${encodeURIComponent(stream)}&`);
    return new Map(rows.map((row) => [String(row.id), row]));
  }

  /** One connection; null where the hub does not know it. @throws SimulationError */
  async connection(id: string): Promise<Row | null> {
    return (await this.#get(`/connections/${encodeURIComponent(id)}`)) as Row | null;
  }

  async #all(path: string): Promise<Row[]> {
    const rows: Row[] = [];
    for (let offset: number | null = 0; offset !== null; ) {
      const page = (await this.#get(`${path}limit=${PAGE_ROWS}&offset=${offset}`)) as Page | null;
      if (page === null) throw new SimulationError(`${this.#base} is no hub: it does not know ${path}`);
      rows.push(...page.items);
      offset = page.next;
    }
    return rows;
  }

  async #get(path: string): Promise<unknown> {
    const response = await this.#fetch(path);
    this.#wasReached = true;
    if (response.status === 404) return null;
    if (!response.ok)
      throw new SimulationError(
        `${this.#base}${path} was answered ${response.status}${await detailOf(response)}${adviceFor(response)}`,
      );
    return response.json();
  }

  /** Asks again where a hub that has answered before does not: it may be starting anew. */
  async #fetch(path: string): Promise<Response> {
    for (const startedAt = performance.now(); ; ) {
      try {
        return await fetch(this.#base + path, { headers: this.headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
      } catch (error) {
        if (!this.#wasReached || performance.now() - startedAt > AWAY_MS) throw unreachable(this.#base, error as Error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}

const adviceFor = ({ status }: Response) => (status === 401 || status === 403 ? `; ${TOKEN_ADVICE}` : '');

/** Return the detail of a problem document. */
async function detailOf(response: Response): Promise<string> {
  const answer = (await response.json().catch(() => null)) as { readonly detail?: unknown } | null;
  return typeof answer?.detail === 'string' ? `: ${answer.detail.slice(0, 200)}` : '';
}

function unreachable(base: string, error: Error): SimulationError {
  const cause = error.cause as { code?: string; message?: string } | undefined;
  return new SimulationError(`no hub at ${base}: ${cause?.code ?? cause?.message ?? error.message}`);
}
