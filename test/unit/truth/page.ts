import type { ListenOptions, Playback, Runtime } from '@auralis/client';
import { Playout } from '@auralis/server/simulate/playout';
import { seededRandom } from '@auralis/server/simulate/random';
import type { SimulatedSocket } from './socket.js';
import type { ListenerPlan, World } from './world.js';

/** A page with our SDK and a jitter buffer of 300 ms, and what may become of it. */
export class Page {
  readonly client: string;
  readonly sockets: SimulatedSocket[] = [];
  readonly random: () => number;
  /** False figures that it reports. */
  lies: Playback = {};
  readonly #world: World;
  readonly #statusMs: number;
  #status: Playback = {};
  #playout: Playout;
  #isPaused = false;
  /** Its script runs no more: no timer, no message. */
  #isHung = false;
  #isHidden = false;
  readonly #asleep = new Set<() => void>();

  /** `statusMs`: how old what it knows of its player may be, as where the player is on a thread of its own. */
  constructor(world: World, client: string, seed: number, statusMs = 0) {
    this.#world = world;
    this.#statusMs = statusMs;
    this.client = client;
    this.random = seededRandom(seed + 1);
    this.#playout = new Playout(world.timeline.now);
    const delayMs = 10 + 140 * this.random();
    const plan: ListenerPlan = {
      client,
      seed,
      upMs: delayMs,
      downMs: delayMs,
      // With 300 ms to go by, half of it may be late at times.
      jitterMs: 30 * this.random(),
      offsetMs: 15_000 * (this.random() - 0.5),
      drift: 100e-6 * (this.random() - 0.5),
      sockets: this.sockets,
    };
    const runtime = world.runtime(plan);
    const options: ListenOptions = {
      onChunk: ({ durationMs }) => this.#push(durationMs),
      playback: () => ({ ...(statusMs > 0 ? this.#status : this.#playback()), ...this.lies }),
      runtime: { ...runtime, setTimeout: (run, ms) => this.#timer(runtime, run, ms) },
    };
    if (statusMs > 0) this.#lookAgain();
    world.listen({ ...plan, options });
  }

  get socket(): SimulatedSocket | undefined {
    return this.sockets.at(-1);
  }

  /** Silence that it has heard, ms. */
  get silenceMs(): number {
    this.#playout.advance(this.#world.timeline.now);
    return this.#playout.silenceMs;
  }

  /** Nothing is heard any more, though the player believes that it plays. */
  freeze(): void {
    this.#playout.freeze(this.#world.timeline.now);
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** Buffered audio is old by now: it starts anew, and so do its counters. */
  resume(): void {
    this.#isPaused = false;
    this.#playout = new Playout(this.#world.timeline.now);
  }

  /** Nothing at all happens in the page any more; its socket stays open. */
  hang(): void {
    this.#isHung = true;
    if (this.socket !== undefined) this.socket.onmessage = () => {};
  }

  /** In the background timers run once a minute; those that are due run at once when the page is shown. */
  set isHidden(hidden: boolean) {
    this.#isHidden = hidden;
    if (!hidden) for (const wake of [...this.#asleep]) wake();
  }

  #timer(runtime: Runtime, run: () => void, ms: number): () => void {
    const start = (after: number) =>
      runtime.setTimeout(() => {
        this.#asleep.delete(wake);
        if (!this.#isHung) run();
      }, after) as () => void;
    const dueAt = runtime.now() + ms;
    const wake = () => {
      cancel();
      cancel = start(Math.max(0, dueAt - runtime.now()));
    };
    let cancel = start(this.#isHidden ? Math.ceil(ms / 60_000) * 60_000 : ms);
    if (this.#isHidden) this.#asleep.add(wake);
    return () => {
      this.#asleep.delete(wake);
      cancel();
    };
  }

  #push(durationMs: number): void {
    if (!this.#isPaused) this.#playout.push(durationMs, this.#world.timeline.now);
  }

  #lookAgain(): void {
    this.#status = this.#playback();
    this.#world.timeline.at(this.#world.timeline.now + this.#statusMs, () => this.#lookAgain());
  }

  #playback(): Playback {
    if (this.#isPaused) return { playbackState: 'paused', bufferDepthMs: null };
    this.#playout.advance(this.#world.timeline.now);
    const { depthMs, silenceMs, underruns, state, startupMs } = this.#playout;
    return {
      bufferDepthMs: depthMs,
      underrunDurationMs: silenceMs,
      bufferUnderruns: underruns,
      playbackState: state,
      startupMs,
    };
  }
}
