import {
  encodeResponse,
  type LiveForm,
  MAX_LIVE_BACKLOG_BYTES,
  MAX_UNACKED_FRAMES,
  MAX_UNACKED_MS,
  STALLED_MS,
  type Wire,
} from '@auralis/shared';
import type { Holders } from '../limits/places.js';
import type { HubCounters } from '../state/counters.js';
import { SEND, type SendStatus } from '../transport/transport.js';

/** Send times of this many unacknowledged frames are kept: more than may ever be outstanding. */
const TIMES = MAX_UNACKED_FRAMES * 2;

/** The dashboard that subscribes. */
export interface Subscriber {
  readonly form: LiveForm;
  readonly counters: HubCounters;
  readonly holders: Holders;
  /** Bytes that waited in its socket at the last look. */
  readonly waiting: number;
  /** Send a message, and note the bytes that wait after it. */
  send(message: Wire): SendStatus;
  /** Return how many bytes wait in its socket now. */
  look(): number;
  /** Return whether so many bytes more may wait for it. */
  hasRoom(bytes: number): boolean;
  close(code: number, reason: string): void;
  /** Other dashboards need the memory that it takes. */
  closeOverloaded(): void;
  /** It has not read for too long. */
  closeStalled(): void;
}

/** The channel that a dashboard subscribes to. */
export interface Feed {
  readonly id: number;
  /** Number of the last frame. */
  readonly seq: number;
  /** All rows, as they are after the last frame. */
  snapshot(form: LiveForm, now: number): Wire;
}

/**
 * One dashboard's subscription: the frames that it was sent and those that it has acknowledged. If it falls behind,
 * frames are skipped, it receives BEHIND, and one SNAPSHOT once it has caught up. It costs other dashboards nothing.
 */
export class Subscription<Of extends Feed = Feed> {
  readonly session: Subscriber;
  readonly sub: number;
  readonly channel: Of;

  readonly #acknowledges: boolean;
  /** `resync`: it waits for a SNAPSHOT. `behind`: the same, and frames were skipped because it reads too slowly. */
  #state: 'live' | 'resync' | 'behind' = 'resync';
  #sentSeq = -1;
  /** First frame sent and not acknowledged; `#sentSeq + 1` if there is none. */
  #unackedSeq = 0;
  readonly #sentAt = new Float64Array(TIMES);
  #skipped = 0;
  /** When the last frame sent to it was made. */
  #newsAt = Number.NEGATIVE_INFINITY;
  /** When it was last seen to read. */
  #progressAt = Number.NaN;
  #backlog = 0;
  /** Bytes of the last snapshot: the next one is about as long. */
  #snapshotBytes = 0;

  constructor(session: Subscriber, sub: number, channel: Of, acknowledges: boolean, now: number) {
    this.session = session;
    this.sub = sub;
    this.channel = channel;
    this.#acknowledges = acknowledges;
    this.#progressAt = now;
  }

  /** Take a new frame of the channel. Return whether it was sent. */
  deliver(wire: Wire, now: number): boolean {
    if (this.#state === 'behind') this.#skip();
    if (this.#state !== 'live') return false;
    if (!this.#isTooFarBehind(wire.length, now) && this.#send(wire, now)) return true;
    this.#fallBehind(now);
    return false;
  }

  /** Send a SNAPSHOT at the next tick: one, however often it is asked for. */
  resync(): void {
    if (this.#state === 'live') this.#state = 'resync';
  }

  /** Return whether a SNAPSHOT is due and would be read. A dashboard that reads nothing for too long is closed. */
  isReady(now: number): boolean {
    if (this.#state === 'live') return false;
    if (!this.#hasCaughtUp()) {
      this.#noteProgress(now);
      if (now - this.#progressAt > STALLED_MS) this.session.closeStalled();
      return false;
    }
    return this.session.hasRoom(this.#snapshotBytes);
  }

  /** Send the SNAPSHOT that is due if it would be read. Return whether it was sent. */
  catchUp(now: number): boolean {
    if (!this.isReady(now)) return false;
    const snapshot = this.channel.snapshot(this.session.form, now);
    this.#snapshotBytes = snapshot.length;
    if (!this.session.hasRoom(snapshot.length)) return false;
    if (this.#skipped > 1) this.#tellBehind(now);
    if (!this.#send(snapshot, now)) {
      this.#skip();
      return false;
    }
    this.#state = 'live';
    this.#unackedSeq = this.#sentSeq;
    this.#skipped = 0;
    return true;
  }

  /** Set its last progress to now. */
  heard(now: number): void {
    this.#progressAt = now;
  }

  /** Everything up to `seq` has been applied. */
  acknowledge(seq: number, now: number): void {
    if (seq > this.#sentSeq || seq < this.#unackedSeq) return;
    this.#unackedSeq = seq + 1;
    this.#progressAt = now;
  }

  #send(wire: Wire, now: number): boolean {
    if (this.session.send(wire) === SEND.DROPPED) return false;
    this.#sentSeq = this.channel.seq;
    this.#sentAt[this.#sentSeq % TIMES] = now;
    this.#newsAt = now;
    return true;
  }

  #isTooFarBehind(bytes: number, now: number): boolean {
    const { session } = this;
    // Do not ask a socket in which nothing waits: that is a call into native code.
    if (session.waiting > 0 && (session.look() > MAX_LIVE_BACKLOG_BYTES || !session.hasRoom(bytes))) return true;
    if (!this.#acknowledges || this.#unackedSeq > this.#sentSeq) return false;
    if (this.#sentSeq - this.#unackedSeq + 1 >= MAX_UNACKED_FRAMES) return true;
    return now - (this.#sentAt[this.#unackedSeq % TIMES] as number) > MAX_UNACKED_MS;
  }

  /** Before its first SNAPSHOT a little may wait, because other snapshots of the same page come too. */
  #hasCaughtUp(): boolean {
    const backlog = this.session.look();
    if (this.#state === 'resync') return backlog <= MAX_LIVE_BACKLOG_BYTES;
    return backlog === 0 && (!this.#acknowledges || this.#unackedSeq > this.#sentSeq);
  }

  /** A dashboard that does not acknowledge shows that it reads by the bytes that leave its socket. */
  #noteProgress(now: number): void {
    const backlog = this.session.look();
    if (backlog < this.#backlog) this.#progressAt = now;
    this.#backlog = backlog;
  }

  #fallBehind(now: number): void {
    this.#progressAt = now;
    this.#skip();
    this.#tellBehind(now);
  }

  #skip(): void {
    this.#state = 'behind';
    this.#skipped++;
    this.session.counters.add('frames_skipped');
  }

  #tellBehind(now: number): void {
    const behindMs = Math.round(now - this.#newsAt);
    const message = { kind: 'behind', channel: this.channel.id, skipped: this.#skipped, behindMs } as const;
    this.session.send(encodeResponse(message, this.session.form));
  }
}
