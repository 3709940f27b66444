import { DEAD_DASHBOARD_MS, MAX_LIVE_WAITING_BYTES, SLOW_DASHBOARD_MS } from '@auralis/shared';

/** A dashboard's socket and the bytes that wait for it. */
export interface WaitingSocket {
  /** Address that its bytes count for. */
  readonly address: string;
  /** Bytes that waited at the last look. */
  waiting: number;
  /** When it last read anything, and since when something waits. Meaningless while nothing waits. */
  progressAt: number;
  waitingSince: number;
}

/**
 * Bounds the bytes that wait for dashboards, in total and by address. A frame without room is skipped, so dashboards
 * that read nothing cost bounded memory. While room is short, the slowest are named to be closed.
 */
export class Waiting {
  total = 0;
  readonly #most: number;
  readonly #perAddress: number;
  readonly #byAddress = new Map<string, number>();
  /** Whether a frame found no room since `slowest` was last asked. */
  #isShort = false;

  /** `sharePercent`: share of the bytes that may wait for one address. */
  constructor(sharePercent: number, most = MAX_LIVE_WAITING_BYTES) {
    this.#most = most;
    this.#perAddress = (most * sharePercent) / 100;
  }

  /** Return whether this many more bytes may wait for a socket. */
  hasRoom({ address }: WaitingSocket, bytes: number): boolean {
    const ofAddress = (this.#byAddress.get(address) ?? 0) + bytes;
    const hasRoom = this.total + bytes <= this.#most && ofAddress <= this.#perAddress;
    if (!hasRoom) this.#isShort = true;
    return hasRoom;
  }

  /** Note how many bytes wait for a socket now. */
  note(socket: WaitingSocket, bytes: number, now: number): void {
    const before = socket.waiting;
    if (bytes === before) return;
    if (before === 0) socket.waitingSince = now;
    if (before === 0 || bytes < before) socket.progressAt = now;
    socket.waiting = bytes;
    this.total += bytes - before;
    const { address } = socket;
    const ofAddress = (this.#byAddress.get(address) ?? 0) + bytes - before;
    if (ofAddress > 0) this.#byAddress.set(address, ofAddress);
    else this.#byAddress.delete(address);
  }

  /** Return sockets that hold bytes and read nothing, or far too slowly, if room was short since the last call. */
  slowest<Socket extends WaitingSocket>(sockets: Iterable<Socket>, now: number): Socket[] {
    if (!this.#isShort) return [];
    this.#isShort = false;
    return [...sockets].filter(
      ({ waiting, progressAt, waitingSince }) =>
        waiting > 0 && (now - progressAt > DEAD_DASHBOARD_MS || now - waitingSince > SLOW_DASHBOARD_MS),
    );
  }
}
