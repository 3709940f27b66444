import type { GpuReading } from './nvidia-smi-parser/parse.js';
import { parseLog } from './nvidia-smi-parser/parse.js';
import { LogSplitter } from './nvidia-smi-parser/splitter.js';

/** A program that writes documents of `nvidia-smi -q -x`, one after the other. */
export interface GpuProcess {
  /** End it at once. `ended` is called when it has ended. */
  kill(): void;
}

export interface GpuProcessEvents {
  output(bytes: Uint8Array): void;
  /** Called once, and last. `missing`: there is no such program here. */
  ended(end: { readonly missing: boolean; readonly reason: string }): void;
}

export interface GpuMonitorContext {
  readonly start: (events: GpuProcessEvents) => GpuProcess;
  /** Where readings go. */
  readonly rows: { write(readings: readonly GpuReading[]): void; clear(): void };
  readonly log: { info(message: string): void; warn(message: string): void };
  /** Between two documents. */
  readonly intervalMs: number;
  readonly now: () => number;
}

/** A driver that is not kept loaded takes seconds to start, longer with many GPUs. */
const FIRST_LOG_MS = 30_000;
const MIN_HANG_MS = 10_000;
const HANG_INTERVALS = 5;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
/** A process that has run for this long is ok, and earlier faults are over. */
const STEADY_MS = 30_000;
const STOP_MS = 1_000;

/**
 * Keeps one nvidia-smi running and writes its readings. If it ends or is silent, it is started again, after growing
 * pauses and never before the last has ended. A fault is logged once, until it has been over for a while.
 */
export class GpuMonitor {
  readonly #context: GpuMonitorContext;
  #process: GpuProcess | null = null;
  #splitter = new LogSplitter();
  #startedAt = 0;
  /** When the running process last gave a document, or null. */
  #lastLogAt: number | null = null;
  #killed = false;
  #nextStartAt = 0;
  #failures = 0;
  readonly #said = new Set<string>();
  #over = false;
  #onStopped: (() => void) | null = null;

  constructor(context: GpuMonitorContext) {
    this.#context = context;
  }

  /** Call about once a second. */
  tick(): void {
    if (this.#over) return;
    const now = this.#context.now();
    if (this.#process === null) {
      if (now >= this.#nextStartAt) this.#start(now);
      return;
    }
    const { intervalMs } = this.#context;
    const patience =
      this.#lastLogAt === null
        ? Math.max(FIRST_LOG_MS, HANG_INTERVALS * intervalMs)
        : Math.max(MIN_HANG_MS, HANG_INTERVALS * intervalMs);
    if (now - (this.#lastLogAt ?? this.#startedAt) > patience) this.#killHanging(patience);
    else if (this.#said.size > 0 && this.#lastLogAt !== null && now - this.#startedAt > STEADY_MS) this.#recovered();
  }

  /** Resolve when none of its processes is left, unless the system cannot end one within a second. */
  async stop(): Promise<void> {
    this.#over = true;
    const process = this.#process;
    if (process === null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, STOP_MS);
      this.#onStopped = () => {
        clearTimeout(timer);
        resolve();
      };
      process.kill();
    });
  }

  #start(now: number): void {
    this.#splitter = new LogSplitter();
    this.#startedAt = now;
    this.#lastLogAt = null;
    this.#killed = false;
    this.#process = this.#context.start({
      output: (bytes) => this.#output(bytes),
      ended: (end) => this.#ended(end),
    });
  }

  #output(bytes: Uint8Array): void {
    // Ignore output of a process that was given up.
    if (this.#over || this.#killed) return;
    for (const log of this.#splitter.push(bytes)) {
      try {
        this.#context.rows.write(parseLog(log));
        this.#lastLogAt = this.#context.now();
      } catch (error) {
        this.#warnOnce('unreadable', `nvidia-smi: a document that cannot be read: ${(error as Error).message}`);
      }
    }
  }

  #killHanging(patience: number): void {
    if (this.#killed) return;
    this.#killed = true;
    this.#warnOnce('hangs', `nvidia-smi has said nothing for ${patience / 1000} s: it is ended and started again`);
    this.#context.rows.clear();
    this.#process?.kill();
  }

  #ended(end: { missing: boolean; reason: string }): void {
    this.#process = null;
    this.#onStopped?.();
    if (this.#over) return;
    this.#context.rows.clear();
    if (end.missing) {
      this.#over = true;
      this.#context.log.info('there is no nvidia-smi here: no GPU is read');
      return;
    }
    if (this.#failures > 0 && this.#lastLogAt !== null && this.#context.now() - this.#startedAt > STEADY_MS) {
      this.#failures = 0;
    }
    this.#nextStartAt = this.#context.now() + Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    this.#failures++;
    if (this.#killed) return;
    const words = printable(`${end.reason} ${this.#splitter.outside}`);
    this.#warnOnce('ended', `nvidia-smi ended (${words}): it is started again, at most once a minute if it goes on`);
  }

  #recovered(): void {
    this.#failures = 0;
    this.#said.clear();
    this.#context.log.info('nvidia-smi answers again');
  }

  #warnOnce(what: string, message: string): void {
    if (this.#said.has(what)) return;
    this.#said.add(what);
    this.#context.log.warn(message);
  }
}

/** Return another program's text as one line of a log. */
function printable(words: string): string {
  return words
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 300);
}
