import {
  encodeResponse,
  type LiveForm,
  MAX_LIVE_BACKLOG_BYTES,
  MAX_UNACKED_FRAMES,
  MAX_UNACKED_MS,
  STALLED_MS,
  type Wire,
} from '@auralis/shared';
import type { HubCounters } from '../state/counters.js';
import type { Holders } from '../state/places.js';
import { type Peer, SEND } from '../transport/transport.js';

/** Send times of unacknowledged frames are kept for this many: more than may ever be outstanding. */
const TIMES = MAX_UNACKED_FRAMES * 2;

/** Who subscribes, as far as a subscription needs to know. */
export interface Subscriber {
  readonly form: LiveForm;
  readonly peer: Peer;
  readonly counters: HubCounters;
  readonly holders: Holders;
  /** It has not read for so long that it is given up. */
  closeStalled(): void;
}

/** What is subscribed to, as far as a subscription needs to know. */
export interface Feed {
  readonly id: number;
  /** Number of the last frame. */
  readonly seq: number;
  /** All rows, as they are after the last frame. */
  snapshot(form: LiveForm, now: number): Wire;
}

/**
 * One dashboard's subscription: which frames it was sent and which it has acknowledged. One that falls behind is skipped,
 * told so, and brought up by one SNAPSHOT when it has caught up; it costs the others nothing and is never silently wrong.
 */
export class Subscription<Of extends Feed = Feed> {
  readonly session: Subscriber;
  readonly sub: number;
  readonly channel: Of;

  readonly #acknowledges: boolean;
  #needsSnapshot = true;
  #sentSeq = -1;
  /** First frame sent and not acknowledged; `#sentSeq + 1` where there is none. */
  #unackedSeq = 0;
  readonly #sentAt = new Float64Array(TIMES);
  #skipped = 0;
  /** When the last frame that it was sent was made. */
  #newsAt = Number.NEGATIVE_INFINITY;
  /** Last time it was seen to read. */
  #progressAt = Number.NaN;
  #backlog = 0;
  /** Something waited in its socket after the last frame: only then is the socket asked, which is a call into native code. */
  #mayWait = false;

  constructor(session: Subscriber, sub: number, channel: Of, acknowledges: boolean, now: number) {
    this.session = session;
    this.sub = sub;
    this.channel = channel;
    this.#acknowledges = acknowledges;
    this.#progressAt = now;
  }

  /** A new frame of the channel. Returns whether it was sent. */
  deliver(wire: Wire, now: number): boolean {
    if (this.#needsSnapshot) {
      if (this.#skipped > 0) this.#skip();
      return false;
    }
    if (!this.#isTooFarBehind(now) && this.#send(wire, now)) return true;
    this.#fallBehind(now);
    return false;
  }

  /** A SNAPSHOT is sent at the next tick: asked for often, it is sent once. */
  resync(): void {
    this.#needsSnapshot = true;
  }

  /** Sends the SNAPSHOT that is owed, once it would be read. Returns whether one was sent. */
  catchUp(now: number): boolean {
    if (!this.#needsSnapshot) return false;
    if (this.#skipped > 0 && !this.#hasCaughtUp()) {
      this.#noteProgress(now);
      if (now - this.#progressAt > STALLED_MS) this.session.closeStalled();
      return false;
    }
    if (this.#skipped > 1) this.#tellBehind(now);
    if (!this.#send(this.channel.snapshot(this.session.form, now), now)) {
      this.#skip();
      return false;
    }
    this.#needsSnapshot = false;
    this.#unackedSeq = this.#sentSeq;
    this.#skipped = 0;
    return true;
  }

  /** Take its last progress to be of now. */
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
    const status = this.session.peer.send(wire);
    this.#mayWait = status !== SEND.SENT;
    if (status === SEND.DROPPED) return false;
    this.#sentSeq = this.channel.seq;
    this.#sentAt[this.#sentSeq % TIMES] = now;
    this.#newsAt = now;
    return true;
  }

  #isTooFarBehind(now: number): boolean {
    if (this.#mayWait && this.session.peer.backlog() > MAX_LIVE_BACKLOG_BYTES) return true;
    if (!this.#acknowledges || this.#unackedSeq > this.#sentSeq) return false;
    if (this.#sentSeq - this.#unackedSeq + 1 >= MAX_UNACKED_FRAMES) return true;
    return now - (this.#sentAt[this.#unackedSeq % TIMES] as number) > MAX_UNACKED_MS;
  }

  #hasCaughtUp(): boolean {
    return this.session.peer.backlog() === 0 && (!this.#acknowledges || this.#unackedSeq > this.#sentSeq);
  }

  /** One that does not acknowledge shows that it reads by what leaves its socket. */
  #noteProgress(now: number): void {
    const backlog = this.session.peer.backlog();
    if (backlog < this.#backlog) this.#progressAt = now;
    this.#backlog = backlog;
  }

  #fallBehind(now: number): void {
    this.#needsSnapshot = true;
    this.#progressAt = now;
    this.#skip();
    this.#tellBehind(now);
  }

  #skip(): void {
    this.#skipped++;
    this.session.counters.add('frames_skipped');
  }

  #tellBehind(now: number): void {
    const behindMs = Math.round(now - this.#newsAt);
    const message = { kind: 'behind', channel: this.channel.id, skipped: this.#skipped, behindMs } as const;
    this.session.peer.send(encodeResponse(message, this.session.form));
  }
}
