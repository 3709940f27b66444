import { closeSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import { makeDir } from '../store/make-dir.js';
import { ConfigError } from './config.js';
import { type ExternalFigures, reportLine } from './report-line.js';

/**
 * Bytes of one file: a line a second for half a day, or every ten seconds for most of a week. Five files are kept.
 */
const FILE_SIZE = '10M';
const FILES_KEPT = 5;

export interface ReporterContext {
  readonly figures: () => ExternalFigures;
  readonly log: { info(message: string): void; warn(message: string): void };
  /** File for the lines, or null. */
  readonly file: string | null;
  /** Wall clock, ms since 1970. */
  readonly wallNow: () => number;
}

/** Writes a line of figures to the log and to a file that is rotated: `hub.log`, `hub.log.1`, … */
export class Reporter {
  readonly #context: ReporterContext;
  /** Opened with the first line; null if there is none, or it cannot be written any more. */
  #file: RotatingFileStream | null = null;
  #path: string | null;

  /** @throws ConfigError if the file cannot be written */
  constructor(context: ReporterContext) {
    this.#context = context;
    this.#path = context.file;
    if (context.file !== null) assertWritable(context.file);
  }

  /** Write a line. Call as often as a line is wanted. */
  report(): void {
    const { figures, log, wallNow } = this.#context;
    const line = reportLine(figures());
    log.info(line);
    if (this.#path === null) return;
    this.#file ??= this.#open(this.#path);
    this.#file.write(`${new Date(wallNow()).toISOString()} ${line}\n`);
  }

  /** Resolve when the lines are in the file. */
  async stop(): Promise<void> {
    const file = this.#file;
    if (file !== null) await new Promise<void>((resolve) => file.end(resolve));
  }

  #open(path: string): RotatingFileStream {
    const file = createStream(basename(path), { path: dirname(path), size: FILE_SIZE, rotate: FILES_KEPT });
    file.on('error', (error) => {
      // Say once that the disk is full; the log goes on.
      if (this.#path !== null) this.#context.log.warn(`no metrics go to ${path} any more: ${error.message}`);
      this.#path = null;
      this.#file = null;
    });
    return file;
  }
}

function assertWritable(file: string): void {
  try {
    makeDir(dirname(file));
    closeSync(openSync(file, 'a'));
  } catch (error) {
    throw new ConfigError(`reporterFile: ${file} cannot be written: ${(error as Error).message}`);
  }
}
