/**
 * Items that wait. Addresses take turns, then the sockets of an address; a socket's items keep their order. An
 * address that adds many items delays only its own.
 */
export class Turns<Socket, Item> {
  /** Items that wait. */
  size = 0;
  readonly #byAddress = new Map<string, Map<Socket, Set<Item>>>();

  /** Add an item at the end of its socket's. Does nothing if it waits already. */
  add(address: string, socket: Socket, item: Item): void {
    const sockets = this.#byAddress.get(address) ?? new Map<Socket, Set<Item>>();
    const items = sockets.get(socket) ?? new Set();
    if (!items.has(item)) this.size++;
    this.#byAddress.set(address, sockets.set(socket, items.add(item)));
  }

  /** Remove and return the item whose turn it is; undefined if none waits. */
  next(): Item | undefined {
    for (const [address, sockets] of this.#byAddress) {
      this.#byAddress.delete(address);
      for (const [socket, items] of sockets) {
        sockets.delete(socket);
        const [item] = items;
        items.delete(item as Item);
        this.size--;
        if (items.size > 0) sockets.set(socket, items);
        if (sockets.size > 0) this.#byAddress.set(address, sockets);
        return item;
      }
    }
    return undefined;
  }
}
