import { MAX_ROWS } from '@auralis/shared';
import { refusedBy, unreachable } from './hub-error.js';
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
  const model = new TopModel(options, () => {
    if (model.link.error !== null) reject(model.link.error);
    model.ask(width, MAX_ROWS);
    if (model.views.isComplete) resolve(model);
  });
  const timer = setTimeout(() => {
    const { notice } = model.views;
    if (notice !== null) reject(refusedBy(options.url, notice));
    else reject(unreachable(options.url, `no answer in ${PATIENCE_MS / 1000} s`));
  }, PATIENCE_MS);
  try {
    await promise;
    if (model.views.notice !== null) throw refusedBy(options.url, model.views.notice);
    const lines = renderOnce(model.screen(), width);
    return lines.map((line) => `${plain(line).trimEnd()}\n`).join('');
  } finally {
    clearTimeout(timer);
    model.link.live.close();
  }
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
