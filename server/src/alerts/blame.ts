import type { Blame } from './alert.js';

/** Facts when an alert fires. Unknown figures are NaN. */
export interface Situation {
  /** Subject of the alert. */
  readonly about: 'listeners' | 'player' | 'stream' | 'engine' | 'gpu' | 'node';
  /** Its stream; null if it has none, or is about listeners of any stream. */
  readonly stream: string | null;
  /** The stream's engine; null if it never had one. */
  readonly engine: EngineState | null;
  /** Listeners that the alert is about: how many, and some of their names. */
  readonly affected: { readonly count: number; readonly names: readonly string[] };
  /**
   * Other listeners of the stream, or of all streams if the alert is about listeners of any; and those of other
   * streams.
   */
  readonly others: Group;
  readonly elsewhere: Group;
  readonly node: NodeState;
}

export interface EngineState {
  /** How long it has been offline, s; NaN while it is connected. */
  readonly goneS: number;
  /** Seconds of audio that it sends in a second. */
  readonly audioRate: number;
  readonly isLate: boolean;
  /** How far it was ahead of real time recently, ms, if the alert is about dropped chunks; else 0. */
  readonly burstMs: number;
  /** Duration of its PCM by the declared format ÷ declared duration, if the two contradict each other. */
  readonly pcmRatio: number;
}

export interface Group {
  readonly count: number;
  /** Listeners whose status is ok. */
  readonly well: number;
}

export interface NodeState {
  /** How long the loop was blocked in the remembered time, that time, and the longest block. */
  readonly lostMs: number;
  readonly watchedMs: number;
  readonly worstDelayMs: number;
  readonly cpuPercent: number;
}

/** As much as live listeners keep in their buffers. Garbage collections are shorter. */
const STARVED_MS = 500;
/** A node that lost this share of the time is to blame, even if some listeners are ok. */
const STARVED_SHARE = 0.2;
/** An engine gives up a hub that does not answer for this long. */
const ENGINE_PATIENCE_MS = 3_000;
/** Below the threshold of `audio_rate` an engine starves its listeners. */
const SLOW_ENGINE_RATE = 0.8;
/** Share of the others that must be ok to rule out a common cause. */
const MOSTLY = 0.5;
const NEARLY_ALL = 0.9;
const BUSY_CPU_PERCENT = 90;

/** Return the cause, with the evidence in one sentence. The other listeners of the stream are the control group. */
export function blameFor(situation: Situation): Blame {
  const { about, stream, engine, node } = situation;
  if (about === 'node') return { on: 'node', evidence: `it is a reading of this node itself${busy(node)}` };
  if (about === 'gpu') return { on: 'engine', evidence: 'synthesis is what this node has a GPU for' };
  if (about === 'engine') return { on: 'engine', evidence: `it is a reading of the engine itself${busy(node)}` };
  if (engine !== null && !Number.isNaN(engine.goneS)) {
    if (leftStandstill(engine.goneS, node)) return blameStandstill(node, `, and the engine of stream ${stream} left`);
    const gone = `the engine of stream ${stream} has been offline for ${Math.round(engine.goneS)} s`;
    return { on: 'engine', evidence: `${gone}: ${listening(situation)}` };
  }
  if (isStarved(situation)) return blameStandstill(node);
  const fault = engine === null ? null : faultOf(engine, situation);
  if (fault !== null) return { on: 'engine', evidence: fault };
  return about === 'player' ? blamePlayers(situation) : blameListeners(situation);
}

/**
 * Add a later finding to the evidence, once for each culprit. The blame itself stays, because later events cannot
 * have caused the alert.
 */
export function withFinding(blame: Blame, { on, evidence }: Blame): Blame {
  const mark = `; later ${on}: `;
  if (on === blame.on || on === 'unknown' || blame.evidence.includes(mark)) return blame;
  return { on: blame.on, evidence: blame.evidence + mark + evidence };
}

function blameStandstill({ lostMs, watchedMs, worstDelayMs }: NodeState, consequence = ''): Blame {
  const share = `${(lostMs / 1000).toFixed(1)} of the last ${Math.round(watchedMs / 1000)} s`;
  const evidence = `the event loop of this hub was blocked for ${share}, at most ${Math.round(worstDelayMs)} ms at once${consequence}`;
  return { on: 'node', evidence };
}

/** Whether an engine left while the loop was blocked for too long, or soon after. */
function leftStandstill(goneS: number, { watchedMs, worstDelayMs }: NodeState): boolean {
  return worstDelayMs >= ENGINE_PATIENCE_MS && goneS * 1000 < watchedMs;
}

/** Return the fault of a connected engine, or null. */
function faultOf({ audioRate, isLate, burstMs, pcmRatio }: EngineState, { stream, others }: Situation): string | null {
  const engine = `the engine of stream ${stream}`;
  if (pcmRatio >= 0) return `the bytes of ${engine} last ${pcmRatio.toFixed(2)} s for each second that it declares`;
  if (burstMs > 0) return `${engine} sent ${(burstMs / 1000).toFixed(1)} s of audio ahead of real time, at once`;
  // Listeners that are ok get the same chunks.
  if (isLate && others.well <= MOSTLY * others.count)
    return `the next chunk of ${engine} is late, and the event loop of this hub keeps up`;
  if (!(audioRate < SLOW_ENGINE_RATE)) return null;
  return `only ${audioRate.toFixed(2)} s of audio a second come from ${engine}, and the event loop of this hub keeps up`;
}

/** The engine delivers and the loop is not blocked, so the cause lies between the hub and the listeners. */
function blameListeners(situation: Situation): Blame {
  const { affected, others, engine } = situation;
  const listeners = listenersOf(situation);
  const delivers =
    engine === null || Number.isNaN(engine.audioRate)
      ? 'the event loop of this hub keeps up'
      : `its engine delivers ${engine.audioRate.toFixed(2)} s of audio a second and the event loop of this hub keeps up`;
  if (others.count > 0 && others.well >= MOSTLY * others.count && affected.count <= others.count) {
    const control = areOk(others, `other ${listeners}`);
    return {
      on: 'network',
      evidence: `${control}, ${delivers}: the remaining cause is the link of ${named(affected)}`,
    };
  }
  if (others.count === 0 && affected.count === 1) {
    const control = controlElsewhere(situation);
    return control === null
      ? { on: 'unknown', evidence: `${delivers}, but there is no other listener to compare ${named(affected)} with` }
      : {
          on: 'network',
          evidence: `${delivers}, and ${control}: the remaining cause is the link of ${named(affected)}`,
        };
  }
  const share = `${affected.count} of ${affected.count + others.count} ${listeners} at once`;
  return { on: 'unknown', evidence: `${share}, though ${delivers}: look for what they have in common` };
}

function listenersOf({ stream }: Situation): string {
  return stream === null ? 'listeners' : `listeners of stream ${stream}`;
}

/** Bytes arrive and are confirmed, so neither engine, node nor network is the cause. */
function blamePlayers({ affected, others }: Situation): Blame {
  const control = others.count === 0 ? '' : `; ${areOk(others, 'other listeners')}`;
  const look =
    affected.count === 1
      ? 'receives all that is sent, so look at the player'
      : 'receive all that is sent, so look at the players';
  return { on: 'unknown', evidence: `${named(affected)} ${look}${control}` };
}

/** The node is to blame if its loop was blocked, unless nearly all listeners are ok. */
function isStarved({ node, affected, others, elsewhere }: Situation): boolean {
  if (node.lostMs < STARVED_MS) return false;
  if (node.lostMs > STARVED_SHARE * node.watchedMs) return true;
  return others.well + elsewhere.well < NEARLY_ALL * (affected.count + others.count + elsewhere.count);
}

function controlElsewhere({ elsewhere }: Situation): string | null {
  if (elsewhere.count === 0 || elsewhere.well < MOSTLY * elsewhere.count) return null;
  return areOk(elsewhere, 'listeners of other streams');
}

function areOk({ well, count }: Group, listeners: string): string {
  return `${well} of ${count} ${listeners} ${well === 1 ? 'is' : 'are'} ok`;
}

function listening({ affected, others, elsewhere }: Situation): string {
  const count = affected.count + others.count;
  const all = count === 0 ? 'nobody listens' : count === 1 ? 'its one listener waits' : `${count} listeners wait`;
  if (elsewhere.count === 0) return all;
  return `${all}, while ${areOk(elsewhere, 'listeners of other streams')}`;
}

function busy({ cpuPercent }: NodeState): string {
  return cpuPercent > BUSY_CPU_PERCENT ? `, while the CPU of this host is at ${Math.round(cpuPercent)} %` : '';
}

/** `anna`, `anna and bob`, `anna, bob and 12 more`. */
function named({ count, names }: Situation['affected']): string {
  if (names.length === 0) return count === 1 ? 'that listener' : `those ${count} listeners`;
  const shown = names.slice(0, 3);
  const more = count - shown.length;
  if (more > 0) return `${shown.join(', ')} and ${more} more`;
  return shown.length === 1 ? (shown[0] as string) : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
