import type { Address, Place } from './model/place.js';

/** The page's own address: what stands behind its `#`. */
export const address: Address = {
  read(): Place {
    const fields = new URLSearchParams(location.hash.slice(1));
    return { stream: fields.get('stream'), connection: fields.get('connection') };
  },
  write({ stream, connection }: Place): void {
    const fields = new URLSearchParams();
    if (stream !== null) fields.set('stream', stream);
    if (connection !== null) fields.set('connection', connection);
    // Replaced, not pushed: "back" should leave the page and not walk through every row that was looked at.
    history.replaceState(null, '', `#${fields}`);
  },
};
