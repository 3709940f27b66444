import { type Logger, pino } from 'pino';
import { default as pretty } from 'pino-pretty';
import type { HubOptions } from './options.js';

export type { Logger };

/** The hub's log, on standard output: one JSON object a line, or the same for people. */
export function createLogger(options: Pick<HubOptions, 'logLevel' | 'logFormat'>): Logger {
  const level = { level: options.logLevel, base: null };
  if (options.logFormat === 'json') return pino(level);
  const messageFormat = (line: Record<string, unknown>, key: string) => onOneLine(String(line[key] ?? ''));
  return pino(level, pretty({ sync: true, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname', messageFormat }));
}

/** What somebody called an alert begins no line of its own, turns no direction, and tells a terminal nothing: `\n`, `\u001b`. */
function onOneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, (character) =>
    character === '\n' ? '\\n' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
