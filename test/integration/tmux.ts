import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PATIENCE_MS = 15_000;
let sessions = 0;

/** A shell in a terminal of its own, in a tmux server that nobody else uses. */
export class TmuxTerminal {
  readonly #server = `auralis-test-${process.pid}-${sessions++}`;
  /** Where tmux has its socket, which it leaves behind. */
  readonly #folder = mkdtempSync(join(tmpdir(), 'auralis-tmux-'));

  constructor(width: number, height: number, environment: Readonly<Record<string, string>> = {}) {
    const settings = Object.entries(environment).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    const size = ['-x', String(width), '-y', String(height)];
    this.#tmux('-f', '/dev/null', 'new-session', '-d', ...size, ...settings, 'sh');
    this.#tmux('set-option', '-g', 'escape-time', '0');
  }

  /** The lines on the screen; with `colours`, their escape sequences too. */
  screen(colours = false): string[] {
    return this.#tmux('capture-pane', '-p', ...(colours ? ['-e'] : [])).split('\n');
  }

  /** Presses keys, by tmux's names: `Right`, `PageDown`, `C-c`. */
  press(...keys: string[]): void {
    this.#tmux('send-keys', ...keys);
  }

  type(text: string): void {
    this.#tmux('send-keys', '-l', text);
  }

  run(command: string): void {
    this.type(command);
    this.press('Enter');
  }

  resize(width: number, height: number): void {
    this.#tmux('resize-window', '-x', String(width), '-y', String(height));
  }

  /** Waits until the screen is as `check` wants it, and returns it. */
  async until(what: string, check: (screen: string[]) => boolean): Promise<string[]> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const screen = this.screen();
      if (check(screen)) return screen;
      if (Date.now() > deadline) throw new Error(`not seen in ${PATIENCE_MS} ms: ${what}\n${screen.join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  untilShown(text: string): Promise<string[]> {
    return this.until(JSON.stringify(text), (screen) => screen.some((line) => line.includes(text)));
  }

  /** Whether the terminal is as a shell wants it: the ordinary screen, with a cursor, its lines wrapped. */
  get isClean(): boolean {
    return this.#tmux('display-message', '-p', '#{alternate_on} #{cursor_flag} #{wrap_flag}').trim() === '0 1 1';
  }

  /** Process id of the command that the shell runs. */
  get commandPid(): number {
    const shell = this.#tmux('display-message', '-p', '#{pane_pid}').trim();
    return Number(readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim());
  }

  /** Ends the terminal and what runs in it. */
  close(): void {
    spawnSync('tmux', ['-L', this.#server, 'kill-server'], { env: this.#environment });
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-L', this.#server, ...args], { encoding: 'utf8', env: this.#environment });
  }

  get #environment(): NodeJS.ProcessEnv {
    // Without a locale in UTF-8, tmux shows anything else as underscores.
    return { ...process.env, LC_ALL: 'C.UTF-8', NO_COLOR: '', TMUX: '', TMUX_TMPDIR: this.#folder };
  }
}
