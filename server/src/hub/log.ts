import { neutral, neutralLines } from '@auralis/shared';
import { type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { HubOptions } from './options.js';

/** What the log says of a fault of the hub itself; tests look for it. */
export const INTERNAL_ERROR_LOG = 'internal error';

export type { Logger };

/** Bytes that wait for an output that is slow; what is logged beyond them is lost. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** The hub's log, on standard output: one JSON object a line, or the same for people. Nothing waits for it, and none of its faults is thrown. */
export function createLogger(options: Pick<HubOptions, 'logLevel' | 'logFormat'>): Logger {
  const level = { level: options.logLevel, base: null };
  const write = standardOutput();
  if (options.logFormat === 'json') return pino(level, { write: (line) => write(neutralLine(line)) });
  const forPeople = prettyFactory({ translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' });
  return pino(level, { write: (line) => write(forPeople(neutralRecord(line))) });
}

/**
 * Writes lines for as long as they can be written. Where they cannot, for the terminal is gone or the disk full, they are lost,
 * and the next one is tried anew. A fault that was thrown would be logged as one of the hub, which throws again, and so on for
 * ever; and a destination that still holds lines would not let the process end.
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

/** Return a line of JSON for a terminal: the same JSON. */
function neutralLine(line: string): string {
  return `${neutral(line.trimEnd())}\n`;
}

/** Return a record with neutral texts, so that none begins a line of its own or tells a terminal anything. */
function neutralRecord(line: string): object {
  // A stack has lines of its own.
  return JSON.parse(line, (key, value: unknown) => {
    if (typeof value !== 'string') return value;
    return key === 'stack' ? neutralLines(value) : neutral(value);
  }) as object;
}
