/** The data directory cannot be used: the message names it and says why. */
export class DataDirError extends Error {
  override readonly name = 'DataDirError';
  /** Another hub runs on it. */
  readonly isHeld: boolean;
  /** It is no place for one: what was asked for is wrong, rather than what came of it. */
  readonly isMisplaced: boolean;

  constructor(dir: string, why: string, { isHeld = false, isMisplaced = false } = {}) {
    super(`data directory ${dir} ${why}; --data-dir names another`);
    this.isHeld = isHeld;
    this.isMisplaced = isMisplaced;
  }
}
