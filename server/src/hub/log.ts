import { neutral, neutralLines } from '@auralis/shared';
import { type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { HubOptions } from './options.js';

/** Text of an internal error in the log. Tests look for it. */
export const INTERNAL_ERROR_LOG = 'internal error';

export type { Logger };

/** Bytes that wait for a slow output. Lines beyond them are lost. */
const MAX_WAITING_BYTES = 1024 * 1024;

/**
 * Create the hub's log on standard output: one JSON object a line, or text for people. It never waits and never
 * throws.
 */
export function createLogger(options: Pick<HubOptions, 'logLevel' | 'logFormat'>): Logger {
  const level = { level: options.logLevel, base: null };
  const write = standardOutput();
  if (options.logFormat === 'json') return pino(level, { write: (line) => write(neutralLine(line)) });
  const forPeople = prettyFactory({ translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' });
  return pino(level, { write: (line) => write(forPeople(neutralRecord(line))) });
}

/**
 * Writes lines as long as that works. If the terminal is gone or the disk full, lines are lost and the next one is
 * tried anew. A thrown error would be logged, which throws again, without end. A destination that still holds lines
 * would not let the process end.
 */
function standardOutput(): (line: string) => void {
  const open = () => {
    const opened = pino.destination({ dest: 1, sync: false, maxLength: MAX_WAITING_BYTES });
    opened.on('error', () => {
      opened.destroy();
      output = null;
    });
    return opened;
  };
  let output: ReturnType<typeof open> | null = open();
  return (line) => {
    output ??= open();
    output.write(line);
  };
}

/** Return the same JSON, safe for a terminal. */
function neutralLine(line: string): string {
  return `${neutral(line.trimEnd())}\n`;
}

/** Return a record with neutral texts: none begins a new line or controls a terminal. */
function neutralRecord(line: string): object {
  // A stack has lines of its own.
  return JSON.parse(line, (key, value: unknown) => {
    if (typeof value !== 'string') return value;
    return key === 'stack' ? neutralLines(value) : neutral(value);
  }) as object;
}
