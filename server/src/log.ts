import { type Logger, pino } from 'pino';
import { default as pretty } from 'pino-pretty';
import type { HubOptions } from './options.js';

export type { Logger };

/** The hub's log, on standard output: one JSON object a line, or the same for people. */
export function createLogger(options: Pick<HubOptions, 'logLevel' | 'logFormat'>): Logger {
  const level = { level: options.logLevel, base: null };
  if (options.logFormat === 'json') return pino(level);
  return pino(level, pretty({ sync: true, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' }));
}
