/** What is selected, kept in the address: a wall display comes back to it, and a link shows a colleague the same. */
export interface Place {
  readonly stream: string | null;
  readonly connection: string | null;
}

export function readPlace(): Place {
  const fields = new URLSearchParams(location.hash.slice(1));
  return { stream: fields.get('stream'), connection: fields.get('connection') };
}

export function writePlace({ stream, connection }: Place): void {
  const fields = new URLSearchParams();
  if (stream !== null) fields.set('stream', stream);
  if (connection !== null) fields.set('connection', connection);
  // Replaced, not pushed: "back" should leave the page and not walk through every row that was looked at.
  history.replaceState(null, '', `#${fields}`);
}
