/**
 * Runs on the audio thread, where nothing may wait: the ring is here, and underruns are counted where they are heard.
 */
import { JitterBuffer } from '../src/audio/jitter-buffer.js';
import { type FromWorklet, PROCESSOR, type ToWorklet } from './worklet-messages.js';

// The globals of an AudioWorklet, which the DOM's types leave out.
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(
  name: string,
  processor: new (options: { outputChannelCount: number[] }) => unknown,
): void;

const STATUS_MS = 100;

class Player extends AudioWorkletProcessor {
  readonly #buffer: JitterBuffer;
  readonly #statusFrames = (STATUS_MS * sampleRate) / 1000;
  #framesSinceStatus = 0;
  #state: FromWorklet['state'] = 'filling';
  #peak = 0;

  constructor({ outputChannelCount }: { outputChannelCount: number[] }) {
    super();
    this.#buffer = new JitterBuffer(sampleRate, outputChannelCount[0] ?? 1);
    this.port.onmessage = ({ data }: MessageEvent<ToWorklet>) => {
      if (data.kind === 'push') this.#buffer.push(data.samples);
      else this.#buffer.flush();
    };
  }

  process(_inputs: Float32Array[][], [output]: Float32Array[][]): boolean {
    if (output === undefined) return true;
    this.#buffer.pull(output);
    for (const samples of output) for (const sample of samples) this.#peak = Math.max(this.#peak, Math.abs(sample));
    this.#framesSinceStatus += output[0]?.length ?? 0;
    if (this.#framesSinceStatus < this.#statusFrames && this.#buffer.state === this.#state) return true;
    this.#framesSinceStatus = 0;
    this.#state = this.#buffer.state;
    this.port.postMessage({ ...this.#buffer.status, peak: this.#peak } satisfies FromWorklet);
    this.#peak = 0;
    return true;
  }
}

registerProcessor(PROCESSOR, Player);
