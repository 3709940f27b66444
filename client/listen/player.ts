import type { AudioFormat, PlaybackState } from '@auralis/shared/listener';
import { Output } from './output.js';
import { decodePcm16 } from './pcm.js';
import type { FromWorklet } from './worklet-messages.js';

/** How long a browser may take to let audio begin, before it is taken to want a click first. */
const UNLOCK_MS = 400;

/** Browsers give AudioWorklet to secure pages only. */
const NEEDS_HTTPS = 'Browsers play audio here only over HTTPS, or at localhost: open this page by an https:// address';

type Wish = 'nothing' | 'play' | 'pause';

/** Plays chunks, and knows what the listener hears. Counts go on over pauses and changes of format. */
export class Player {
  /** The browser lets no sound begin without a gesture. */
  isBlocked = false;
  /** Why there is no sound although there should be; null where nothing is wrong. */
  problem: string | null = null;
  startupMs: number | null = null;
  peak = 0;
  volume = 1;

  readonly #changed: () => void;
  #wish: Wish = 'nothing';
  /** Format of the chunks that arrive; null while no engine has declared one, and then nothing plays. */
  #format: AudioFormat | null = null;
  /** The last declared format: the output was opened for it. */
  #outputFormat: AudioFormat | null = null;
  #output: Output | null = null;
  #status: FromWorklet | null = null;
  /** Underruns of outputs that were closed. */
  #before = { underruns: 0, underrunMs: 0, skippedMs: 0 };
  #askedAt = 0;
  /** Counts outputs asked for: one that is ready after another was asked for is closed again. */
  #openings = 0;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get state(): PlaybackState {
    if (this.#wish === 'nothing' || this.isBlocked) return 'idle';
    if (this.#wish === 'pause') return 'paused';
    if (this.#status?.state === 'playing') return 'playing';
    return this.startupMs === null ? 'starting' : 'stalled';
  }

  /** null where nothing plays, so that there is nothing to be measured. */
  get bufferDepthMs(): number | null {
    return this.state === 'idle' || this.state === 'paused' ? null : (this.#status?.depthMs ?? null);
  }
  get underruns(): number {
    return this.#before.underruns + (this.#status?.underruns ?? 0);
  }
  get underrunMs(): number {
    return this.#before.underrunMs + (this.#status?.underrunMs ?? 0);
  }
  /** Audio that was dropped because too much was buffered. */
  get skippedMs(): number {
    return this.#before.skippedMs + (this.#status?.skippedMs ?? 0);
  }
  get outputLatencyMs(): number | null {
    // Safari has no outputLatency; the base latency is the part of it that is always known.
    const context = this.#output?.context;
    const seconds = context === undefined ? undefined : (context.outputLatency ?? context.baseLatency);
    return seconds === undefined || !Number.isFinite(seconds) ? null : seconds * 1000;
  }
  get analyser(): AnalyserNode | null {
    return this.state === 'playing' ? (this.#output?.analyser ?? null) : null;
  }

  async play(): Promise<void> {
    this.#wish = 'play';
    this.#askedAt = performance.now();
    this.startupMs = null;
    if (this.#output === null) await this.#open();
    else await this.#unlock(this.#output);
  }

  pause(): void {
    this.#wish = 'pause';
    // Buffered audio is old when it goes on, so it starts anew from live audio.
    this.#output?.flush();
    void this.#output?.context.suspend();
    this.#changed();
  }

  setFormat(format: AudioFormat | null): void {
    this.#format = format;
    // The output stays open, because the next engine may declare the same format.
    if (format === null) return;
    const known = this.#outputFormat;
    this.#outputFormat = format;
    const isSame =
      known?.encoding === format.encoding &&
      known.sampleRate === format.sampleRate &&
      known.channels === format.channels;
    if (isSame && this.#output !== null) return;
    this.#close();
    if (this.#wish === 'play') void this.#open();
  }

  setVolume(volume: number): void {
    this.volume = volume;
    this.#output?.setVolume(volume);
    this.#changed();
  }

  /** @throws RangeError where the bytes are not what the format says */
  push(payload: Uint8Array): void {
    if (this.#format?.encoding !== 'pcm_s16le') return;
    const samples = decodePcm16(payload, this.#format.channels);
    // Drop audio that came while nothing could be heard: it would be played late.
    if (this.#wish === 'play' && this.#output?.context.state === 'running') this.#output.push(samples);
  }

  async #open(): Promise<void> {
    const format = this.#outputFormat;
    if (format === null || format.encoding === 'opaque') return this.#changed();
    const opening = ++this.#openings;
    if (!globalThis.isSecureContext) {
      this.problem = NEEDS_HTTPS;
      this.#changed();
      return;
    }
    try {
      const output = await Output.open(format, this.volume, (status) => this.#onStatus(status));
      if (opening !== this.#openings || this.#wish === 'nothing') return output.close();
      this.#output = output;
      this.problem = null;
      output.context.onstatechange = () => this.#onContextState(output);
      await this.#unlock(output);
    } catch (error) {
      this.problem = `This browser cannot play it: ${error instanceof Error ? error.message : String(error)}`;
      this.#changed();
    }
  }

  async #unlock(output: Output): Promise<void> {
    // Where a gesture is wanted, the promise stays open until there is one.
    await Promise.race([output.context.resume(), new Promise((resolve) => setTimeout(resolve, UNLOCK_MS))]);
    this.#onContextState(output);
  }

  #onContextState(output: Output): void {
    if (output !== this.#output) return;
    const wasBlocked = this.isBlocked;
    this.isBlocked = this.#wish === 'play' && output.context.state !== 'running';
    if (wasBlocked && !this.isBlocked) this.#askedAt = performance.now();
    this.#changed();
  }

  #onStatus(status: FromWorklet): void {
    this.#status = status;
    this.peak = status.peak;
    if (status.state === 'playing' && this.startupMs === null && this.#wish === 'play') {
      this.startupMs = performance.now() - this.#askedAt;
    }
    this.#changed();
  }

  #close(): void {
    this.#openings++;
    this.#before = { underruns: this.underruns, underrunMs: this.underrunMs, skippedMs: this.skippedMs };
    this.#status = null;
    this.#output?.close();
    this.#output = null;
  }
}
