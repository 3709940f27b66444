import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `isSo`; a test that waits for ever is ended by its own limit. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}
