import { MAX_EVENTS } from '@auralis/shared/limits';
import { backoffMs } from '../backoff.js';
import { defaultRuntime, type Runtime } from '../runtime.js';
import { type HubAddress, hubAddress } from './hub-address.js';

const DEFAULT_INTERVAL_MS = 1_000;
/** Without a hub this is several minutes of an engine; then the oldest go, and are counted. */
const DEFAULT_MAX_WAITING = 10_000;
/** The hub has no time now. */
const TRY_AGAIN: ReadonlySet<number> = new Set([408, 429]);
const REQUEST_TIMEOUT_MS = 5_000;
/** At exit nobody waits longer than this for a hub that does not answer. */
const FLUSH_MS = 2_000;
const FLUSH_STEP_MS = 50;

/** An event of the engine, as shared/PROTOCOL.md has them. */
export type EngineEvent = { readonly type: string } & Readonly<Record<string, unknown>>;

export interface HubSenderOptions {
  /** Where the hub is. Default: the environment's AURALIS_HUB_URL, or http://127.0.0.1:8000. */
  readonly url?: string;
  /** Default: the environment's AURALIS_STREAM, or main. */
  readonly stream?: string;
  /** For a hub that asks for one, with role publisher. Default: the environment's AURALIS_TOKEN, or none. */
  readonly token?: string;
  /** How long events wait for each other, ms. Default 1,000. */
  readonly intervalMs?: number;
  /** Events and alerts that may wait. Default 10,000. */
  readonly maxWaiting?: number;
  readonly fetch?: typeof fetch;
  readonly runtime?: Runtime;
}

/** As far as it is read: what the hub took, or a problem document. */
interface Answer {
  readonly refused?: number;
  readonly errors?: readonly { readonly message?: string }[];
  readonly detail?: string;
}

interface Post {
  readonly path: string;
  readonly body: unknown;
}

/** The part of Node's `process` that is used; browsers have none. */
interface NodeProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  on(event: 'beforeExit', listener: () => void): void;
}

const nodeProcess = (globalThis as { readonly process?: NodeProcess }).process;

/**
 * Sends an engine's events to a hub, by HTTP in the background, so that the engine never waits. Failures are counted,
 * and logged once until they are over.
 */
export class HubSender {
  /** Thrown away because too much was waiting, or because the environment names no hub that could be reached. */
  dropped = 0;
  /** Events that the hub refused. */
  refused = 0;
  readonly stream: string;
  readonly #address: HubAddress;
  readonly #eventsPath: string;
  readonly #intervalMs: number;
  readonly #maxWaiting: number;
  readonly #fetch: typeof fetch;
  readonly #runtime: Runtime;
  #events: EngineEvent[] = [];
  #latest = new Map<string, EngineEvent>();
  #posts: Post[] = [];
  #timer: unknown = null;
  #sending: Promise<void> | null = null;
  #failures = 0;
  #isHooked = false;
  #complaint = '';

  /** @throws TypeError if `url` is no URL, `stream` no name of a stream or `token` no token */
  constructor(options: HubSenderOptions = {}) {
    this.#address = hubAddress(options, nodeProcess?.env ?? {});
    this.stream = this.#address.stream;
    this.#eventsPath = `/api/v1/streams/${encodeURIComponent(this.stream)}/events`;
    this.#intervalMs = options.intervalMs ?? DEFAULT_INTERVAL_MS;
    this.#maxWaiting = options.maxWaiting ?? DEFAULT_MAX_WAITING;
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#runtime = options.runtime ?? defaultRuntime;
  }

  event(event: EngineEvent): void {
    if (this.#isDropped()) return;
    this.#makeRoom();
    this.#events.push(event);
    // A full request need not wait, but for a hub that could not be reached just now.
    this.#schedule(this.#events.length >= MAX_EVENTS && this.#failures === 0 ? 0 : this.#intervalMs);
  }

  /** An event of which only the last of its type says anything: a gauge, or a counter. */
  latest(event: EngineEvent): void {
    if (this.#isDropped()) return;
    this.#latest.set(event.type, event);
    this.#schedule(this.#intervalMs);
  }

  /** Sends `body` to a path of the hub, `/api/v1/alerts` say. */
  post(path: string, body: unknown): void {
    if (this.#isDropped()) return;
    this.#makeRoom();
    this.#posts.push({ path, body });
    this.#schedule(this.#failures === 0 ? 0 : this.#intervalMs);
  }

  /** Waits until all is sent, `timeoutMs` at most. True: nothing waits any more. */
  async flush(timeoutMs = FLUSH_MS): Promise<boolean> {
    const until = this.#runtime.now() + timeoutMs;
    while (this.#waits || this.#sending !== null) {
      if (this.#runtime.now() >= until) return false;
      this.#sending ??= this.#send();
      await this.#sending;
      if (this.#failures > 0) await new Promise<void>((resolve) => this.#runtime.setTimeout(resolve, FLUSH_STEP_MS));
    }
    return true;
  }

  get #waits(): boolean {
    return this.#events.length + this.#latest.size + this.#posts.length > 0;
  }

  /** Without a hub to send to, nothing is kept. */
  #isDropped(): boolean {
    const { problem } = this.#address;
    if (problem === null) return false;
    this.dropped++;
    this.#complain(`nothing is sent. ${problem}`);
    return true;
  }

  #makeRoom(): void {
    if (this.#events.length + this.#posts.length < this.#maxWaiting) return;
    this.dropped++;
    if (this.#events.length > 0) this.#events.shift();
    else this.#posts.shift();
  }

  #schedule(ms: number): void {
    if (this.#sending !== null || (this.#timer !== null && ms > 0)) return;
    this.#hook();
    this.#runtime.clearTimeout(this.#timer);
    this.#timer = this.#runtime.setTimeout(() => {
      this.#timer = null;
      this.#sending ??= this.#send();
    }, ms);
    // Waiting events do not keep a program alive; `beforeExit` sends them.
    (this.#timer as { unref?(): void } | null)?.unref?.();
  }

  #hook(): void {
    if (this.#isHooked) return;
    this.#isHooked = true;
    nodeProcess?.on('beforeExit', () => {
      // One try: a hub that is not there keeps nobody.
      if (this.#waits && this.#failures < 2) this.#sending ??= this.#send();
    });
  }

  /** Sends what waits, request by request, until nothing does or one fails. */
  async #send(): Promise<void> {
    let isDone = true;
    while (isDone && this.#waits) isDone = await this.#sendNext();
    this.#failures = isDone ? 0 : this.#failures + 1;
    this.#sending = null;
    if (this.#waits) {
      const pause = backoffMs(this.#failures, this.#runtime.random());
      this.#schedule(Math.max(this.#intervalMs, pause));
    }
  }

  /** False: not taken, and waits again. */
  async #sendNext(): Promise<boolean> {
    const [post] = this.#posts;
    if (post !== undefined) {
      this.#posts.shift();
      if (await this.#request(post.path, post.body, 1)) return true;
      this.#posts.unshift(post);
      return false;
    }
    const latest = this.#latest;
    const events = this.#events.splice(0, MAX_EVENTS - latest.size);
    this.#latest = new Map();
    const all = [...events, ...latest.values()];
    if (await this.#request(this.#eventsPath, all, all.length)) return true;
    // Events that came meanwhile are newer and come after.
    this.#latest = new Map([...latest, ...this.#latest]);
    const room = Math.max(0, this.#maxWaiting - this.#events.length - this.#posts.length);
    const kept = events.slice(Math.max(0, events.length - room));
    this.dropped += events.length - kept.length;
    this.#events = [...kept, ...this.#events];
    return false;
  }

  /** Say it once, and not with every request that fails for the same reason. */
  #complain(why: string): void {
    if (this.#complaint !== why) console.warn(`Auralis: ${why}`);
    this.#complaint = why;
  }

  async #request(path: string, body: unknown, count: number): Promise<boolean> {
    const { base, headers } = this.#address;
    try {
      const response = await this.#fetch(base + path, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      const answer = (await response.json().catch(() => null)) as Answer | null;
      if (TRY_AGAIN.has(response.status) || response.status >= 500) {
        this.#complain(`${base} answered ${response.status}; events wait`);
        return false;
      }
      this.#judge(response, answer, count);
      return true;
    } catch (error) {
      this.#complain(`no hub at ${base}: ${reasonOf(error)}; events wait`);
      return false;
    }
  }

  /** Count and say what the hub did not take. */
  #judge({ ok, status }: Response, answer: Answer | null, count: number): void {
    const { base } = this.#address;
    const refused = ok && answer !== null ? (answer.refused ?? 0) : count;
    this.refused += refused;
    if (refused === 0) this.#complaint = '';
    else if (ok && answer === null) this.#complain(`${base} is no hub: it answered ${status} without JSON`);
    else this.#complain(`the hub refuses what is sent: ${answer?.detail ?? answer?.errors?.[0]?.message ?? status}`);
  }
}

/** `fetch` hides the reason in a cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { readonly cause?: { readonly code?: string } };
  return cause?.code ?? message;
}
