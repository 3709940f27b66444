import { MAX_ROWS } from '@auralis/shared';
import { type HubError, refusedBy, unreachable } from './hub-error.js';
import type { Status } from './live-connection.js';
import { renderOnce } from './screen.js';
import { plain } from './text.js';
import { TopModel, type TopOptions } from './top-model.js';

/** A hub that is there answers much sooner. */
const PATIENCE_MS = 10_000;

/**
 * Returns what the live screen would show, once and whole. Every matching connection is a line of at most `width`
 * cells.
 * @throws HubError if the hub cannot be reached, refuses, or does not answer within 10 s
 */
export async function topOnce(options: TopOptions, width: number): Promise<string> {
  const { promise, resolve, reject } = withResolvers<TopModel>();
  const look = () => {
    model.ask(width, MAX_ROWS);
    if (model.views.isComplete) resolve(model);
  };
  const model = new TopModel(options, look, () => {
    reject(errorOf(options.url, model.connection.status));
  });
  const late = unreachable(options.url, `no answer in ${PATIENCE_MS / 1000} s`);
  const timer = setTimeout(() => reject(late), PATIENCE_MS);
  try {
    await promise;
    if (model.views.notice !== null) throw refusedBy(options.url, model.views.notice);
    const lines = renderOnce(model.screen(), width);
    return lines.map((line) => `${plain(line).trimEnd()}\n`).join('');
  } finally {
    clearTimeout(timer);
    model.connection.close();
  }
}

function errorOf(url: string, status: Status): HubError {
  if (status.kind === 'ended') return refusedBy(url, status.why);
  return unreachable(url, ('why' in status && status.why) || 'the connection was lost');
}

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers<Value>() {
  let resolve!: (value: Value) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<Value>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
