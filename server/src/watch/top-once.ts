import { MAX_ROWS } from '@auralis/shared';
import { renderOnce } from './screen.js';
import { plain } from './text.js';
import { NoHubError, TopModel, type TopOptions } from './top-model.js';

/** A hub that is there answers long before. */
const PATIENCE_MS = 10_000;

/**
 * What the live screen would show, once and whole: every connection that matches, as lines of at most `width` cells.
 * @throws NoHubError where the hub cannot be reached or does not answer within 10 s
 */
export async function topOnce(options: TopOptions, width: number): Promise<string> {
  const { promise, resolve, reject } = withResolvers<TopModel>();
  const fail = (why: string) => reject(new NoHubError(options.url, why));
  const look = () => {
    model.ask(width, MAX_ROWS);
    if (model.views.isComplete) resolve(model);
  };
  const model = new TopModel(options, look, () => {
    const { status } = model.connection;
    fail(('why' in status && status.why) || 'the connection was lost');
  });
  const timer = setTimeout(() => fail(`no answer in ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
  try {
    await promise;
    if (model.views.notice !== null) throw new NoHubError(options.url, `it refused: ${model.views.notice}`);
    const lines = renderOnce(model.screen(), width);
    return lines.map((line) => `${plain(line).trimEnd()}\n`).join('');
  } finally {
    clearTimeout(timer);
    model.connection.close();
  }
}

/** Promise.withResolvers, which Node 20 has not. */
function withResolvers<Value>() {
  let resolve!: (value: Value) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<Value>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
