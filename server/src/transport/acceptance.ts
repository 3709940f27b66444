/** While the transport does not listen, it looks this often whether there is room again. */
const CHECK_MS = 250;

export interface AcceptanceContext {
  /** Connections at which the transport stops listening. */
  readonly maxConnections: number;
  /** Stop listening; connections stay open. */
  readonly stop: () => void;
  /** Listen again on the same port. Resolve to false if that is not possible now. */
  readonly resume: () => Promise<boolean>;
  /** The transport stopped listening, or listens again. */
  readonly onChange: (isListening: boolean, connections: number) => void;
}

/**
 * Counts connections, and stops listening before the process runs out of descriptors. Without one left a server can
 * neither accept nor refuse, and spins. It listens again when a twentieth of the connections have gone.
 */
export class Acceptance {
  readonly #context: AcceptanceContext;
  #connections = 0;
  #check: NodeJS.Timeout | null = null;
  #isEnded = false;

  constructor(context: AcceptanceContext) {
    this.#context = context;
  }

  opened(): void {
    this.#connections++;
    const { maxConnections, stop, onChange } = this.#context;
    if (this.#connections < maxConnections || this.#check !== null || this.#isEnded) return;
    this.#checkLater();
    stop();
    onChange(false, this.#connections);
  }

  closed(): void {
    this.#connections--;
  }

  /** Never listen again. */
  end(): void {
    this.#isEnded = true;
    if (this.#check !== null) clearTimeout(this.#check);
  }

  #checkLater(): void {
    this.#check = setTimeout(() => void this.#resume(), CHECK_MS);
  }

  async #resume(): Promise<void> {
    const { maxConnections, stop, resume, onChange } = this.#context;
    const hasRoom = this.#connections <= maxConnections * 0.95;
    const isListening = hasRoom && (await resume());
    if (this.#isEnded) {
      if (isListening) stop();
    } else if (isListening) {
      this.#check = null;
      onChange(true, this.#connections);
    } else this.#checkLater();
  }
}
