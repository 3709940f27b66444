import { CLOSE } from '@auralis/shared/codes';
import type { AudioFormat } from '@auralis/shared/listener';
import { givenToken } from '../dashboard/token.js';
import { ClientMetrics } from '../src/audio/client-metrics.js';
import type { ListenState } from '../src/audio/types.js';
import { Player } from './player.js';

/** One listener: the SDK's connection on one side, the player on the other, and what the page shows of both. */
export class Session {
  readonly stream: string;
  readonly player: Player;
  readonly metrics: ClientMetrics;
  state: ListenState = 'connecting';
  /** When the connection changed its state, ms since 1970. */
  since = Date.now();
  format: AudioFormat | null = null;
  /** Duration of the last chunk, ms. */
  chunkMs = 0;

  constructor(url: string, stream: string, client: string | null, changed: () => void) {
    this.stream = stream;
    const player = new Player(changed);
    this.player = player;
    this.metrics = ClientMetrics.listen(url, {
      ...(client !== null && { client }),
      ...(givenToken() !== '' && { token: givenToken }),
      onChunk: (chunk) => {
        this.chunkMs = chunk.durationMs;
        player.push(chunk.payload);
        changed();
      },
      onFormat: (format) => {
        this.format = format;
        player.setFormat(format);
        changed();
      },
      onState: (state) => {
        this.state = state;
        this.since = Date.now();
        changed();
      },
      playback: () => ({
        bufferDepthMs: player.bufferDepthMs,
        bufferUnderruns: player.underruns,
        underrunDurationMs: player.underrunMs,
        outputLatencyMs: player.outputLatencyMs,
        startupMs: player.startupMs,
        playbackState: player.state,
      }),
    });
  }

  /** The hub wants a token, or another one. */
  get needsToken(): boolean {
    return this.metrics.closeCode === CLOSE.NOT_ALLOWED;
  }

  /** Mean age of a chunk on arrival; null before the first. */
  get latencyMs(): number | null {
    return this.metrics.latencySamples.length === 0 ? null : this.metrics.getStats().avgLatencyMs;
  }

  /** Whether the latency can be believed: the hub's clock is known. */
  get isSynced(): boolean {
    return this.metrics.hubNow() !== null;
  }
}
