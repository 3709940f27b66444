/** The data directory cannot be used: the message names it and says why. */
export class DataDirError extends Error {
  override readonly name = 'DataDirError';
  /** Another hub runs on it. */
  readonly isHeld: boolean;

  constructor(dir: string, why: string, isHeld = false) {
    super(`data directory ${dir} ${why}; --data-dir names another`);
    this.isHeld = isHeld;
  }
}
