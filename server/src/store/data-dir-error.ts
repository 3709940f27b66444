/** The data directory cannot be used: the message names it and says why. */
export class DataDirError extends Error {
  override readonly name = 'DataDirError';

  constructor(dir: string, why: string) {
    super(`data directory ${dir} ${why}; --data-dir names another`);
  }
}
