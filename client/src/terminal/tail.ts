import { neutral } from '@auralis/shared';
import type { Behind, Subscription } from '../live/types.js';
import { type HubError, refusedBy } from './hub-error.js';
import { HubLink, isRefused, type Wish } from './hub-link.js';
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
 * Writes each change of the requested rows as a line of JSON, until `signal`. While the sink is full, rows do not
 * become lines and no frame is confirmed, so that the hub skips frames and says so. A lost connection is made again,
 * and a line reports it.
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
  readonly #link: HubLink;
  readonly #followed: Followed[] = [];
  #isDown = false;
  #isFull = false;
  #settle!: { readonly resolve: () => void; readonly reject: (error: Error) => void };

  constructor(url: string, token: string | null, sink: LineSink) {
    this.#url = url;
    this.#sink = sink;
    this.ended = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.#link = new HubLink(url, token, () => this.#linkChanged());
  }

  follow(wish: Wish): void {
    this.#followed.push(new Followed(this.#link, wish, (followed) => this.#changed(followed)));
  }

  end(): void {
    this.#settle.resolve();
    this.#link.live.close();
  }

  #changed(followed: Followed): void {
    const { topic, error } = followed.subscription;
    if (isRefused(followed.subscription)) this.#fail(refusedBy(this.#url, `${topic}: ${error?.message}`));
    this.#write(followed.takeNotice());
    if (!this.#isFull) this.#write(followed.takeRows());
  }

  #linkChanged(): void {
    const { status, error, live } = this.#link;
    if (status.kind === 'connecting' || status.kind === 'ended') {
      if (error !== null) this.#fail(error);
    } else if (status.kind === 'reconnecting') {
      if (!this.#isDown) this.#write([stateLine({ state: 'reconnecting', why: status.why })]);
      this.#isDown = true;
    } else {
      const { hub = '', version = '' } = live.hub ?? {};
      if (this.#isDown) this.#write([stateLine({ state: 'live', hub, version })]);
      this.#isDown = false;
    }
  }

  #fail(error: HubError): void {
    this.#settle.reject(error);
    this.#link.live.close();
  }

  #write(lines: readonly string[]): void {
    if (lines.length === 0 || this.#sink.write(`${lines.join('\n')}\n`) || this.#isFull) return;
    this.#isFull = true;
    this.#link.live.pause();
    this.#sink.onDrain(() => this.#drained());
  }

  #drained(): void {
    this.#isFull = false;
    for (const followed of this.#followed) if (!this.#isFull) this.#write(followed.takeRows());
    if (!this.#isFull) this.#link.live.resume();
  }
}

/** One topic, and what of it is not written yet. */
class Followed {
  readonly subscription: Subscription;
  readonly #changes = new RowChanges();
  #t = 0;
  #noticed: Behind | null = null;

  /** `changed` is called when something may have to be written. */
  constructor(link: HubLink, wish: Wish, changed: (followed: Followed) => void) {
    this.subscription = link.follow(wish, (change) => {
      this.#t = change.t;
      this.#changes.note(change);
      changed(this);
    });
  }

  /** The lines of the rows that changed since the last call. */
  takeRows(): string[] {
    const { subscription } = this;
    return this.#changes.take(subscription).map((change) => changeLine(subscription.topic, this.#t, change));
  }

  /** The line of the hub's notice that it skips frames. Empty if there is none since the last call. */
  takeNotice(): string[] {
    const { topic, behind } = this.subscription;
    if (behind === this.#noticed) return [];
    this.#noticed = behind;
    if (behind === null) return [];
    const { skipped, behindMs } = behind;
    return [neutral(JSON.stringify({ t: isoOf(Date.now()), topic, kind: 'behind', skipped, behind_ms: behindMs }))];
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
