import { setTimeout as sleep } from 'node:timers/promises';

/** Wait until `isSo`. The test's own limit ends a wait that is too long. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}
