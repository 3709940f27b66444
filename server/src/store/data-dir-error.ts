/** The data directory cannot be used. The message names it, says why, and what to do. */
export class DataDirError extends Error {
  override readonly name = 'DataDirError';
  /** Whether another hub runs on it. */
  readonly isHeld: boolean;
  /** Whether the request is wrong (a path or a right), rather than the disk. */
  readonly isMisplaced: boolean;

  constructor(dir: string, why: string, { isHeld = false, isMisplaced = false } = {}) {
    super(`data directory ${dir} ${why}; --data-dir names another`);
    this.isHeld = isHeld;
    this.isMisplaced = isMisplaced;
  }
}
