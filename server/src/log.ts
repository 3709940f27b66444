import { type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { HubOptions } from './options.js';

export type { Logger };

/** Bytes that wait for an output that is slow; what is logged beyond them is lost. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** The hub's log, on standard output: one JSON object a line, or the same for people. Nothing waits for it, and none of its faults is thrown. */
export function createLogger(options: Pick<HubOptions, 'logLevel' | 'logFormat'>): Logger {
  const level = { level: options.logLevel, base: null };
  if (options.logFormat === 'json') return pino(level, { write: standardOutput() });
  const messageFormat = (line: Record<string, unknown>, key: string) => onOneLine(String(line[key] ?? ''));
  const forPeople = prettyFactory({ translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname', messageFormat });
  const write = standardOutput();
  return pino(level, { write: (line) => write(forPeople(line)) });
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

/** What somebody called an alert begins no line of its own, turns no direction, and tells a terminal nothing: `\n`, `\u001b`. */
function onOneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, (character) =>
    character === '\n' ? '\\n' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
