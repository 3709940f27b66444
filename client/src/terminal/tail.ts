import { neutral } from '@auralis/shared';
import { type HubError, refusedBy, unreachable } from './hub-error.js';
import { liveUrl } from './link.js';
import { LiveConnection } from './live-connection.js';
import type { LiveView, Wish } from './live-view.js';
import { type RowChange, RowChanges } from './row-changes.js';

export interface TailedHub {
  readonly url: string;
  /** The token for a hub that asks for one. */
  readonly token: string | null;
}

/** The receiver of the lines. */
export interface LineSink {
  /** Takes whole lines. False means: wait for `onDrain` before the next. */
  write(lines: string): boolean;
  onDrain(callback: () => void): void;
}

/**
 * Writes each change of the requested rows as a line of JSON, until `signal`. While the sink is full, nothing is
 * read, so that the hub skips frames and says so. A lost connection is made again, and a line reports it.
 * @throws HubError if the first try fails or the hub refuses
 */
export async function tail(
  { url, token }: TailedHub,
  wishes: readonly Wish[],
  sink: LineSink,
  signal: AbortSignal,
): Promise<void> {
  const run = new TailRun(url, token, sink);
  for (const wish of wishes) run.follow(wish);
  signal.addEventListener('abort', () => run.end(), { once: true });
  await run.ended;
}

class TailRun {
  readonly ended: Promise<void>;
  readonly #url: string;
  readonly #sink: LineSink;
  readonly #connection: LiveConnection;
  readonly #changes = new Map<LiveView, RowChanges>();
  #isDown = false;
  #settle!: { readonly resolve: () => void; readonly reject: (error: Error) => void };

  constructor(url: string, token: string | null, sink: LineSink) {
    this.#url = url;
    this.#sink = sink;
    this.ended = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.#connection = new LiveConnection(liveUrl(url), token, {
      welcomed: ({ hub, version }) => this.#up({ state: 'live', hub, version }),
      lost: (why, again) => this.#lost(why, again),
      changed: (view, change) => {
        const changes = this.#changes.get(view)?.since(view, change) ?? [];
        this.#write(changes.map((each) => changeLine(view.wish.topic, change.t, each)));
      },
      behind: (view, skipped, behindMs) => {
        const line = { t: isoOf(Date.now()), topic: view.wish.topic, kind: 'behind', skipped, behind_ms: behindMs };
        this.#write([neutral(JSON.stringify(line))]);
      },
      refused: (view, message) => this.#fail(refusedBy(url, `${view.wish.topic}: ${message}`)),
    });
  }

  follow(wish: Wish): void {
    this.#changes.set(this.#connection.view(wish), new RowChanges());
  }

  end(): void {
    this.#connection.close();
    this.#settle.resolve();
  }

  /** The rows come first when nothing was lost before them. */
  #up(state: Readonly<Record<string, string>>): void {
    if (this.#isDown) this.#write([stateLine(state)]);
    this.#isDown = false;
  }

  #lost(why: string, again: boolean): void {
    if (!again) this.#fail(refusedBy(this.#url, why));
    else if (this.#connection.welcome === null) this.#fail(unreachable(this.#url, why));
    else {
      if (!this.#isDown) this.#write([stateLine({ state: 'reconnecting', why })]);
      this.#isDown = true;
    }
  }

  #fail(error: HubError): void {
    this.#connection.close();
    this.#settle.reject(error);
  }

  #write(lines: readonly string[]): void {
    if (lines.length === 0 || this.#sink.write(`${lines.join('\n')}\n`)) return;
    this.#connection.pause();
    this.#sink.onDrain(() => this.#connection.resume());
  }
}

/** `t` is the hub's clock at the frame, in ms since 1970. */
export function changeLine(topic: string, t: number, change: RowChange): string {
  const { kind, id, attributes, readings } = change;
  return neutral(JSON.stringify({ t: isoOf(t), topic, kind, id, ...attributes, ...readings }));
}

function stateLine(state: Readonly<Record<string, string>>): string {
  return neutral(JSON.stringify({ t: isoOf(Date.now()), topic: null, kind: 'state', ...state }));
}

const isoOf = (ms: number) => new Date(ms).toISOString();
