import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './hub.js';

/**
 * One run of the program: it plays these documents, one every 200 ms, again and again, and then does something else.
 */
export interface Run {
  /** Fixtures by name; `truncated` follows with the first half of one, in the same write as the next whole one. */
  readonly play: readonly string[];
  readonly truncated?: boolean;
  /** Documents until it stops playing; without it, it goes on. */
  readonly count?: number;
  /** Action after the documents. */
  readonly ending?: 'die' | 'hang';
  /** Text before anything else. */
  readonly says?: string;
}

const SCRIPT = (folder: string) => `#!${process.execPath}
const { appendFileSync, readFileSync, writeSync } = require('node:fs');
const at = readFileSync('${folder}/starts', 'utf8').split('\\n').length - 1;
appendFileSync('${folder}/starts', process.pid + ' ' + process.argv.slice(2).join(' ') + '\\n');
const runs = JSON.parse(readFileSync('${folder}/runs.json', 'utf8'));
const run = runs[Math.min(at, runs.length - 1)];
const documents = run.play.map((name) => readFileSync('${ROOT}test/fixtures/nvidia-smi/' + name + '.xml'));
if (run.says) writeSync(1, run.says);
let played = 0;
setInterval(() => {
  if (played === (run.count ?? Infinity)) {
    if (run.ending === 'die') process.exit(9);
    return;
  }
  const document = documents[played++ % documents.length];
  if (run.truncated) writeSync(1, document.subarray(0, document.length / 2));
  writeSync(1, document);
}, 200);
`;

/** A program of that name, in a folder of its own, which keeps a list of its runs. */
export class FakeNvidiaSmi {
  readonly #folder = mkdtempSync(join(tmpdir(), 'auralis-smi-'));

  /** `runs`: the first start does the first, and so on; the last is repeated. */
  constructor(runs: readonly Run[]) {
    writeFileSync(join(this.#folder, 'runs.json'), JSON.stringify(runs));
    writeFileSync(join(this.#folder, 'starts'), '');
    writeFileSync(join(this.#folder, 'nvidia-smi'), SCRIPT(this.#folder));
    chmodSync(join(this.#folder, 'nvidia-smi'), 0o755);
  }

  /** Nobody may start it any more. */
  forbid(): void {
    chmodSync(join(this.#folder, 'nvidia-smi'), 0o644);
  }

  /** For the hub's environment: the program is found, and nothing else. */
  get env(): NodeJS.ProcessEnv {
    return { PATH: this.#folder };
  }

  /** Process ids and arguments of all runs so far. */
  get starts(): { pid: number; args: string }[] {
    const lines = readFileSync(join(this.#folder, 'starts'), 'utf8').trim().split('\n');
    return lines.filter(Boolean).map((line) => {
      const [pid, ...args] = line.split(' ');
      return { pid: Number(pid), args: args.join(' ') };
    });
  }

  /** Those of its processes that are still there. */
  get alive(): number[] {
    return this.starts.map(({ pid }) => pid).filter((pid) => existsSync(`/proc/${pid}`));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
