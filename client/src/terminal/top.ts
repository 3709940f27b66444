import { type Command, commandOf, flush, type Key, readKeys } from './keys.js';
import { layoutOf, render } from './screen.js';
import { Terminal } from './terminal.js';
import { TopModel, type TopOptions } from './top-model.js';
import { act, withinTotal } from './top-state.js';

/** At most ten frames a second. */
const FRAME_MS = 100;
/** The ages on the screen move on without news. */
const CLOCK_MS = 1_000;
/** The rest of a key's bytes comes within this time, or never. */
const KEY_MS = 50;

/** The signals that end it. A shell expects 128 and the signal's number as the exit code. */
const SIGNALS = [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const;

/**
 * Shows the live screen until `q` (returns 0) or a signal (returns 128 and its number). It restores the terminal.
 * @throws HubError if the hub refuses
 */
export async function runTop(options: TopOptions, colour: boolean): Promise<number> {
  const terminal = new Terminal(process.stdin, process.stdout, colour);
  return new TopSession(options, terminal).run();
}

class TopSession {
  readonly #model: TopModel;
  readonly #terminal: Terminal;
  #frame: NodeJS.Timeout | undefined;
  #keyTimer: NodeJS.Timeout | undefined;
  #rest = '';
  #drawnAt = 0;
  #end: (code: number) => void = () => {};

  constructor(options: TopOptions, terminal: Terminal) {
    this.#terminal = terminal;
    this.#model = new TopModel(options, () => this.#schedule());
  }

  async run(): Promise<number> {
    const ended = new Promise<number>((resolve) => (this.#end = resolve));
    const restore = this.#listen();
    const clock = setInterval(() => this.#schedule(), CLOCK_MS);
    try {
      this.#terminal.take();
      this.#draw();
      const code = await ended;
      const { status, error } = this.#model.link;
      if (status.kind === 'ended' && error !== null) throw error;
      return code;
    } finally {
      this.#model.link.live.close();
      clearInterval(clock);
      clearTimeout(this.#frame);
      clearTimeout(this.#keyTimer);
      restore();
    }
  }

  /** Listens to keys, signals and the terminal's size. Returns a function that stops and restores the terminal. */
  #listen(): () => void {
    const { stdin, stdout } = process;
    const giveBack = () => this.#terminal.giveBack();
    const resized = () => this.#redraw();
    const continued = () => {
      this.#terminal.take();
      this.#redraw();
    };
    const signals = SIGNALS.map(([signal, number]) => [signal, () => this.#end(128 + number)] as const);
    // However it ends, the terminal is restored, so that an error message can be read.
    process.on('uncaughtExceptionMonitor', giveBack);
    process.on('exit', giveBack);
    for (const [signal, quit] of signals) process.on(signal, quit);
    process.on('SIGCONT', continued);
    stdout.on('resize', resized);
    // A terminal that is gone takes no more writes.
    stdout.on('error', () => this.#end(1));
    if (stdin.isTTY) {
      stdin.setEncoding('utf8');
      stdin.on('data', this.#onInput);
      stdin.on('end', () => this.#end(0));
    }
    return () => {
      stdin.off('data', this.#onInput);
      stdin.pause();
      giveBack();
      stdout.off('resize', resized);
      process.off('SIGCONT', continued);
      for (const [signal, quit] of signals) process.off(signal, quit);
    };
  }

  readonly #onInput = (data: string | Buffer): void => {
    clearTimeout(this.#keyTimer);
    const { keys, rest } = readKeys(this.#rest + data);
    this.#rest = rest;
    for (const key of keys) this.#press(key);
    if (rest === '') return;
    this.#keyTimer = setTimeout(() => {
      this.#rest = '';
      for (const key of flush(rest)) this.#press(key);
    }, KEY_MS);
  };

  #press(key: Key): void {
    const command = commandOf(key, this.#model.state.isTyping);
    if (command === null) return;
    this.#do(command);
    this.#schedule();
  }

  #do(command: Command): void {
    const model = this.#model;
    model.state = act(model.state, command, model.around(this.#rows));
    if (command.do === 'quit') this.#end(0);
    else if (command.do === 'redraw') this.#terminal.forget();
    // Windows has no stopped processes.
    else if (command.do === 'suspend' && process.platform !== 'win32') {
      this.#terminal.giveBack();
      process.kill(process.pid, 'SIGSTOP');
    }
  }

  get #rows(): number {
    return layoutOf(this.#model.screen(), this.#terminal.size.height).rows;
  }

  #redraw(): void {
    this.#terminal.forget();
    this.#schedule();
  }

  /** Draws at once when the last frame is old enough, and otherwise as soon as it is. */
  #schedule(): void {
    this.#frame ??= setTimeout(() => this.#draw(), Math.max(0, this.#drawnAt + FRAME_MS - performance.now()));
  }

  #draw(): void {
    this.#frame = undefined;
    this.#drawnAt = performance.now();
    const model = this.#model;
    if (model.link.status.kind === 'ended') {
      this.#end(1);
      return;
    }
    const rows = this.#rows;
    model.state = withinTotal(model.state, model.around(rows));
    const { size } = this.#terminal;
    model.ask(size.width, rows);
    if (!this.#terminal.isBusy) this.#terminal.draw(render(model.screen(), size));
  }
}
