/**
 * Loaded before a server whose loop is watched (`--import …?to=FILE`). On SIGUSR2 writes how often it was asked and
 * the most that one turn of the event loop took since, CPU ms of the loop's own thread.
 */
import { openSync, readSync, writeFileSync } from 'node:fs';

const file = new URL(import.meta.url).searchParams.get('to') ?? '';
const account = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
const text = Buffer.alloc(64);

/** CPU time of this thread, ns. The kernel brings its books up to date for `cpuUsage`. */
function threadNs(): number {
  process.cpuUsage();
  const length = readSync(account, text, 0, text.length, 0);
  return Number.parseInt(text.toString('latin1', 0, length), 10);
}

let asked = 0;
let mostNs = 0;
let before = threadNs();

function turn(): void {
  const now = threadNs();
  mostNs = Math.max(mostNs, now - before);
  before = now;
  setImmediate(turn);
}
turn();

process.on('SIGUSR2', () => {
  writeFileSync(file, `${++asked} ${mostNs / 1e6}`);
  mostNs = 0;
  before = threadNs();
});
