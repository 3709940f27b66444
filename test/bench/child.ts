import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A question is answered within this long, or the run ends. */
const ANSWER_MS = 180_000;

type Answer = { readonly id: number; readonly result?: unknown; readonly error?: string };

/** A process of the benchmark's own, which answers questions one after another. */
export class Child {
  readonly #process: ChildProcess;
  #nextId = 1;
  readonly #waiting = new Map<number, (answer: Answer) => void>();

  /** `module`: path of the compiled module below bench/. `nodeArgs`: flags of Node itself. */
  constructor(module: string, args: readonly string[] = [], nodeArgs: readonly string[] = []) {
    const path = fileURLToPath(new URL(module, import.meta.url));
    this.#process = fork(path, args, { serialization: 'advanced', execArgv: [...nodeArgs] });
    this.#process.on('message', (answer: Answer) => this.#waiting.get(answer.id)?.(answer));
    this.#process.on('exit', (code) => {
      for (const [id, settle] of this.#waiting) settle({ id, error: `${module} ended with ${code}` });
    });
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  /** Asks and waits for the answer. @throws Error with what went wrong there */
  async ask<Result>(question: string, details: object = {}): Promise<Result> {
    const id = this.#nextId++;
    const answer = await new Promise<Answer>((resolve) => {
      const timer = setTimeout(() => resolve({ id, error: `${question}: no answer` }), ANSWER_MS);
      this.#waiting.set(id, (given) => {
        clearTimeout(timer);
        resolve(given);
      });
      this.#process.send({ id, question, details });
    });
    this.#waiting.delete(id);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.result as Result;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exited = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await exited;
  }
}

/** The other end: answers each question by its handler. The process ends with its parent. */
export function answerQuestions(handlers: Readonly<Record<string, (details: never) => unknown>>): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', async ({ id, question, details }: { id: number; question: string; details: never }) => {
    try {
      const handler = handlers[question];
      if (handler === undefined) throw new Error(`${question}: not known here`);
      process.send?.({ id, result: await handler(details) });
    } catch (error) {
      process.send?.({ id, error: String((error as Error).stack ?? error) });
    }
  });
}
