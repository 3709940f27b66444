/** A listener's own account of one connection, kept from what came over its socket and from nothing else. */
export interface OwnAccount {
  readonly connectionId: string;
  readonly client: string;
  readonly kind: string;
  readonly stream: string;
  /** `seq` of the welcome: the last chunk before it joined. */
  readonly joinedAfterSeq: number;
  readonly received: number;
  /** 0 before the first. */
  readonly lastSeq: number;
  /** Chunks whose number was not above the one before. */
  readonly outOfOrder: number;
  readonly reportsSent: number;
  /**
   * `drained`: it has read until nothing more came. `cut`: it closed with unread data, after the engine had stopped.
   * `left`: it closed, or was closed, while the engine went on.
   */
  readonly end: 'drained' | 'cut' | 'left';
  /** Last chunk published when the hub's account was taken. */
  readonly publishedSeq: number;
}

/** The hub's account of the same connection: its row. */
export interface HubAccount {
  readonly sent: number;
  readonly dropped: number;
  readonly reports: number;
  readonly refused: number;
}

export interface Comparison {
  /** Sent by the hub and not received: lost in the socket when it closed. */
  readonly lost: number;
  /** Return the mismatches; empty if there are none. */
  readonly mismatches: readonly string[];
}

/**
 * Compare both accounts of a connection: published while it was there = sent + dropped, and sent = received + lost in
 * its socket at close. Both hold to the chunk if the listener stayed to the end. A listener that left earlier does
 * not know after which chunk the hub noticed, so the first holds within known bounds.
 */
export function compare(own: OwnAccount, hub: HubAccount | null): Comparison {
  const name = `${own.client} (${own.kind}, ${own.stream}, ${own.connectionId})`;
  const mismatches: string[] = [];
  const say = (what: string) => mismatches.push(`${name}: ${what}`);
  if (own.outOfOrder > 0) say(`${own.outOfOrder} chunks came twice or out of order`);
  if (own.lastSeq > own.publishedSeq) say(`chunk ${own.lastSeq} came, but only ${own.publishedSeq} were published`);
  if (hub === null) {
    say('the hub has no row of it');
    return { lost: 0, mismatches };
  }
  const most = own.publishedSeq - own.joinedAfterSeq;
  const least = own.end === 'left' ? Math.max(0, own.lastSeq - own.joinedAfterSeq) : most;
  const booked = hub.sent + hub.dropped;
  if (booked < least || booked > most) {
    const published = least === most ? String(most) : `${least} to ${most}`;
    say(
      `${published} chunks were published while it was there, but ${hub.sent} sent + ${hub.dropped} dropped are booked`,
    );
  }
  const lost = hub.sent - own.received;
  if (lost < 0) say(`${own.received} chunks received, but only ${hub.sent} sent`);
  if (lost > 0 && own.end === 'drained') say(`${hub.sent} chunks sent, but ${own.received} received`);
  if (hub.reports > own.reportsSent || (own.end === 'drained' && hub.reports !== own.reportsSent)) {
    say(`${own.reportsSent} reports sent, but ${hub.reports} taken`);
  }
  if (hub.refused > 0) say(`${hub.refused} of its messages were refused`);
  return { lost: Math.max(0, lost), mismatches };
}
