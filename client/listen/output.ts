import type { AudioFormat } from '@auralis/shared/listener';
import workletUrl from './worklet.ts?worker&url';
import { type FromWorklet, PROCESSOR, type ToWorklet } from './worklet-messages.js';

/**
 * The audio graph of one format: worklet → volume → analyser → loudspeaker. Made anew for another rate or channel
 * count.
 */
export class Output {
  readonly context: AudioContext;
  readonly analyser: AnalyserNode;
  readonly #gain: GainNode;
  readonly #worklet: AudioWorkletNode;

  private constructor(
    context: AudioContext,
    channels: number,
    volume: number,
    onStatus: (status: FromWorklet) => void,
  ) {
    this.context = context;
    this.#worklet = new AudioWorkletNode(context, PROCESSOR, {
      numberOfInputs: 0,
      outputChannelCount: [channels],
    });
    this.#worklet.port.onmessage = ({ data }: MessageEvent<FromWorklet>) => onStatus(data);
    this.#gain = new GainNode(context, { gain: volume });
    this.analyser = new AnalyserNode(context, { fftSize: 2048 });
    this.#worklet.connect(this.#gain).connect(this.analyser).connect(context.destination);
  }

  /** The context runs at the stream's own rate, so that nothing has to resample but the device, once and well. */
  static async open(format: AudioFormat, volume: number, onStatus: (status: FromWorklet) => void): Promise<Output> {
    const context = new AudioContext({ sampleRate: format.sampleRate, latencyHint: 'balanced' });
    try {
      await context.audioWorklet.addModule(workletUrl);
      return new Output(context, format.channels, volume, onStatus);
    } catch (error) {
      await context.close();
      throw error;
    }
  }

  push(samples: Float32Array): void {
    this.#worklet.port.postMessage({ kind: 'push', samples } satisfies ToWorklet, [samples.buffer]);
  }

  flush(): void {
    this.#worklet.port.postMessage({ kind: 'flush' } satisfies ToWorklet);
  }

  setVolume(volume: number): void {
    // A ramp of a few milliseconds: a jump of the gain is heard as a click.
    this.#gain.gain.setTargetAtTime(volume, this.context.currentTime, 0.015);
  }

  close(): void {
    this.#worklet.port.onmessage = null;
    void this.context.close();
  }
}
