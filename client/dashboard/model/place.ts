/**
 * Keeps the selection in the address, so that a wall display comes back to it, and a link shows a colleague the same.
 */
export interface Place {
  readonly stream: string | null;
  readonly connection: string | null;
}

export interface Address {
  read(): Place;
  write(place: Place): void;
}
