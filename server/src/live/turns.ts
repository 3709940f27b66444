/**
 * Items that wait for their turn: each address in turn, of each its sockets in turn, of each its items in order.
 * So an address that adds many holds up only itself.
 */
export class Turns<Socket, Item> {
  readonly #byAddress = new Map<string, Map<Socket, Set<Item>>>();

  /** Add an item at the end of its socket's. Does nothing if it waits already. */
  add(address: string, socket: Socket, item: Item): void {
    const sockets = this.#byAddress.get(address) ?? new Map<Socket, Set<Item>>();
    const items = sockets.get(socket) ?? new Set();
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
        if (items.size > 0) sockets.set(socket, items);
        if (sockets.size > 0) this.#byAddress.set(address, sockets);
        return item;
      }
    }
    return undefined;
  }
}
