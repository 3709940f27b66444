/** Chunks that did not pass through this hub, over all streams, each counted once. */
export class ChunksElsewhere {
  sent = 0;
  dropped = 0;
  readonly #streams = new Map<string, { readonly engine: Amount; readonly connections: Amount }>();

  /** What an engine that streams by itself has sent and dropped more than it had said before, over all its clients. */
  addByEngine(stream: string, sent: number, dropped: number): void {
    this.#add(stream, 'engine', sent, dropped);
  }

  /** The same of one of its connections, as reported. */
  addByConnection(stream: string, sent: number, dropped: number): void {
    this.#add(stream, 'connections', sent, dropped);
  }

  /** Forgets the accounts of streams that have gone; what was counted stays. */
  keepOnly(isThere: (stream: string) => boolean): void {
    for (const stream of this.#streams.keys()) if (!isThere(stream)) this.#streams.delete(stream);
  }

  /**
   * Both accounts of a stream speak of the same chunks, and either may know of fewer: not every client is reported, and an
   * engine may not count at all. So the larger one counts, whichever came first.
   */
  #add(stream: string, by: 'engine' | 'connections', sent: number, dropped: number): void {
    let accounts = this.#streams.get(stream);
    if (accounts === undefined) {
      accounts = { engine: { sent: 0, dropped: 0 }, connections: { sent: 0, dropped: 0 } };
      this.#streams.set(stream, accounts);
    }
    const { engine, connections } = accounts;
    const sentBefore = Math.max(engine.sent, connections.sent);
    const droppedBefore = Math.max(engine.dropped, connections.dropped);
    accounts[by].sent += sent;
    accounts[by].dropped += dropped;
    this.sent += Math.max(engine.sent, connections.sent) - sentBefore;
    this.dropped += Math.max(engine.dropped, connections.dropped) - droppedBefore;
  }
}

interface Amount {
  sent: number;
  dropped: number;
}
