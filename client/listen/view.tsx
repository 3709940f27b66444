import { type Column, levelOf, SCHEMAS } from '@auralis/shared/catalogue';
import type { PlaybackState } from '@auralis/shared/listener';
import { boundsText, MISSING, number, reading, span } from '../dashboard/model/format.js';
import { TokenForm } from '../dashboard/view/token-form.js';
import { Scope } from './scope.js';
import type { Session } from './session.js';

const { columns, index } = SCHEMAS.connections;
const columnOf = (name: keyof typeof index): Column => columns[index[name]] as Column;

export function ListenPage({ session }: { readonly session: Session }) {
  const { player } = session;
  if (session.needsToken) {
    return (
      <main class="listen">
        <p class="eyebrow">Auralis</p>
        <h1>
          <bdi>{session.stream}</bdi>
        </h1>
        <TokenForm forRole="listener" />
      </main>
    );
  }
  return (
    <main class="listen">
      <p class="eyebrow">Auralis</p>
      <h1>
        <bdi>{session.stream}</bdi>
      </h1>
      <p role="status" aria-live="polite" class={`state ${toneOf(session)}`}>
        {sentence(session)}
      </p>
      <Scope analyser={player.analyser} />
      <Transport session={session} />
      {player.problem !== null && <p class="problem">{player.problem}</p>}
      {player.skippedMs > 0 && (
        <p class="problem mild">
          Skipped {number(player.skippedMs / 1000, 1)} s of audio, because too much had gathered to be live.
        </p>
      )}
      <Figures session={session} />
      <Footer session={session} />
    </main>
  );
}

const PLAYBACK: Readonly<Record<PlaybackState, string>> = {
  idle: 'Ready',
  starting: 'Buffering',
  playing: 'Playing',
  paused: 'Paused',
  stalled: 'Silence: no audio left, waiting for more',
  ended: 'Ended',
};

/** Return the state in one sentence, the connection first if it is at fault. */
function sentence(session: Session): string {
  const { state, player, format } = session;
  if (state === 'connecting') return 'Connecting to the hub…';
  if (state === 'closed') return 'The hub ended the connection for good. Reload the page to try again.';
  if (state === 'reconnecting') return `Connection lost, reconnecting for ${span(Date.now() - session.since)}…`;
  if (format === null) {
    const isComing = session.metrics.chunksReceived > 0;
    return isComing
      ? 'The engine does not say what it sends. Chunks are counted.'
      : 'Connected. No engine is on air yet.';
  }
  if (format.encoding === 'opaque')
    return 'This stream is in a format that this page cannot play. Its chunks are counted.';
  if (player.problem !== null) return 'Nothing plays.';
  if (player.isBlocked) return 'Ready. The browser wants a click before it plays.';
  return PLAYBACK[player.state];
}

function toneOf({ state, player }: Session): string {
  if (state === 'closed') return 'alert';
  if (state === 'reconnecting' || player.state === 'stalled') return 'off-target';
  return player.state === 'playing' ? 'ok' : '';
}

function Transport({ session }: { readonly session: Session }) {
  const { player } = session;
  const isOn = player.state === 'playing' || player.state === 'starting' || player.state === 'stalled';
  return (
    <div class="transport">
      <button
        type="button"
        class="play"
        disabled={session.format?.encoding === 'opaque'}
        onClick={() => (isOn ? player.pause() : void player.play())}
      >
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d={isOn ? 'M7 5h3.5v14H7zM13.5 5H17v14h-3.5z' : 'M8 5v14l11-7z'} />
        </svg>
        <span class="unseen">{isOn ? 'Pause' : 'Play'}</span>
      </button>
      <label class="volume">
        <span>Volume</span>
        <input
          type="range"
          min="0"
          max="1"
          step="0.01"
          value={player.volume}
          onInput={(event) => player.setVolume(event.currentTarget.valueAsNumber)}
        />
      </label>
      <Meter peak={player.state === 'playing' ? player.peak : 0} />
    </div>
  );
}

/** Peak level in dB below full scale, from −60 up. */
function Meter({ peak }: { readonly peak: number }) {
  const db = peak > 0 ? 20 * Math.log10(peak) : -60;
  return (
    <label class="level-meter">
      <span>Level</span>
      <meter min={-60} max={0} high={-1} value={Math.max(-60, db)} />
    </label>
  );
}

function Figures({ session }: { readonly session: Session }) {
  const { player, metrics } = session;
  const latency = columnOf('latency_ms');
  const buffer = columnOf('buffer_depth_ms');
  return (
    <dl class="figures">
      <Figure label="Chunks" value={number(metrics.chunksReceived)} id="chunks" />
      <Judged
        label={session.isSynced ? 'Latency' : 'Latency, clock unsynced'}
        column={latency}
        value={session.latencyMs}
        isJudged={session.isSynced}
        id="latency"
      />
      <Judged
        label="Buffer"
        column={buffer}
        value={player.bufferDepthMs}
        isJudged={(player.state === 'playing' || player.state === 'stalled') && !isOfFewChunks(session)}
        id="buffer"
      />
      <Figure
        label="Underruns"
        value={number(player.underruns)}
        level={player.underruns > 0 ? 'off-target' : ''}
        id="underruns"
      />
      <Figure label="Silence heard" value={span(player.underrunMs)} />
      <Figure label="Start-up" value={number(player.startupMs)} unit="ms" />
      <Figure label="Output latency" value={number(player.outputLatencyMs, 1)} unit="ms" />
      <Figure
        label="Chunk errors"
        value={number(metrics.chunkErrors)}
        level={metrics.chunkErrors > 0 ? 'off-target' : ''}
      />
    </dl>
  );
}

/** Whether the buffer is only as long as it is because chunks are: then it is not too long. */
function isOfFewChunks({ player, chunkMs }: Session): boolean {
  const depthMs = player.bufferDepthMs ?? 0;
  return depthMs > (columnOf('buffer_depth_ms').target?.max ?? 0) && depthMs <= 3 * chunkMs;
}

interface FigureProps {
  readonly label: string;
  readonly value: string;
  readonly unit?: string;
  readonly level?: string;
  readonly tip?: string;
  /** For tests and scripts that read the page. */
  readonly id?: string;
}

function Figure({ label, value, unit, level, tip, id }: FigureProps) {
  const isMissing = value === MISSING;
  return (
    <div class={level} title={tip}>
      <dt>{label}</dt>
      <dd class={isMissing ? 'missing' : ''} data-figure={id}>
        {level === 'alert' ? '▲ ' : level === 'off-target' ? '△ ' : ''}
        {value}
        {unit !== undefined && !isMissing && <small> {unit}</small>}
      </dd>
    </div>
  );
}

interface JudgedProps {
  readonly label: string;
  readonly column: Column;
  readonly value: number | null;
  readonly isJudged: boolean;
  readonly id: string;
}

/** A figure with the catalogue's unit and bounds. */
function Judged({ label, column, value, isJudged, id }: JudgedProps) {
  const level = isJudged ? levelOf(column, value) : null;
  return (
    <Figure
      label={label}
      value={reading({ ...column, scale: 0 }, value)}
      unit={column.unit}
      level={level ?? ''}
      tip={`${column.help}. ${boundsText(column)}`}
      id={id}
    />
  );
}

function Footer({ session }: { readonly session: Session }) {
  const connection = session.metrics.welcome?.connectionId;
  const place = new URLSearchParams({ stream: session.stream, ...(connection !== undefined && { connection }) });
  const { format } = session;
  return (
    <footer>
      <span>
        {format === null || format.encoding === 'opaque'
          ? (format?.encoding ?? MISSING)
          : `${number(format.sampleRate / 1000, 1)} kHz · ${number(format.channels)} ch · 16 bit`}
      </span>
      <a href={`./#${place}`}>This listener on the dashboard</a>
    </footer>
  );
}
