import { load } from '@auralis/server/ingest/message-bytes';

/** Puts a message where the readers look for it, and returns where it begins and ends. */
export function loaded(data: Uint8Array): [start: number, end: number] {
  return [0, load(data, 0) - 1];
}
