import type { RawSocket } from './raw-socket.js';

export interface Schedule {
  readonly group: string;
  /** Whole frames; socket `i` sends number `7 i + n` of them as its n-th. */
  readonly frames: readonly Uint8Array[];
  /** Over all sockets. */
  readonly perSecond: number;
  readonly seconds: number;
}

export interface Sent {
  readonly sent: number;
  /** Messages that left more than `LATE_MS` after they were due. */
  readonly late: number;
}

/** A timer of Node's is no finer: a message that is due sooner is waited for asleep. */
const TIMER_MS = 1;
/** So much longer than asked for does Linux let a thread sleep (its timer slack). */
const SLACK_MS = 0.06;
const LATE_MS = 20;
/** Between the variants of neighbours: coprime to any power of two. */
const STRIDE = 7;

const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/**
 * Send at an even rate, one socket after the other, as many listeners do. A socket's next message is due when all the
 * others have sent theirs. `make` returns the frame of a message of a socket. Resolves when all are sent. (Ten at
 * once each millisecond would wake a server once for ten. A server that is faster than the writer would be woken more
 * often, and look more expensive.)
 */
export function pace(
  sockets: readonly RawSocket[],
  schedule: Schedule,
  next: { at: number },
  make?: (socket: number) => Uint8Array,
): Promise<Sent> {
  const { frames, perSecond, seconds } = schedule;
  const total = Math.round(perSecond * seconds);
  const begun = performance.now();
  let sent = 0;
  let late = 0;
  return new Promise((resolve) => {
    const turn = () => {
      const elapsed = performance.now() - begun;
      // The first is due at once, the last one a period before the end.
      const due = Math.min(total, Math.floor((elapsed * perSecond) / 1000) + 1);
      for (; sent < due; sent++) {
        const socket = next.at % sockets.length;
        const round = Math.floor(next.at / sockets.length);
        const frame = make?.(socket) ?? (frames[(socket * STRIDE + round) % frames.length] as Uint8Array);
        (sockets[socket] as RawSocket).write(frame);
        next.at++;
        if (elapsed - (sent * 1000) / perSecond > LATE_MS) late++;
      }
      if (sent === total) {
        resolve({ sent, late });
        return;
      }
      const waitMs = (sent * 1000) / perSecond - (performance.now() - begun);
      if (waitMs >= TIMER_MS) {
        setTimeout(turn, waitMs);
        return;
      }
      if (waitMs > SLACK_MS) Atomics.wait(cell, 0, 0, waitMs - SLACK_MS);
      setImmediate(turn);
    };
    turn();
  });
}
