/** Return what to do about an error of the disk, for people; '' if nothing is known. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'free room on that disk',
  EDQUOT: 'free room within the disk quota',
  EFBIG: 'raise the limit of file sizes (ulimit -f)',
  EROFS: 'mount that file system for writing',
  EACCES: 'give the directory and all in it to the user of the hub (chown -R)',
  EPERM: 'give the directory and all in it to the user of the hub (chown -R)',
  EIO: 'check the disk: it reports errors',
  EMFILE: 'raise the limit of open files (ulimit -n)',
  ENFILE: 'raise the limit of open files of this machine (fs.file-max)',
};

/** A disk that is full or broken may recover while the hub runs; all other errors are mistakes of the setup. */
const OF_THE_DISK: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EMFILE', 'ENFILE']);

export function sayWithAdvice(error: unknown): string {
  const { message, code = '' } = error as NodeJS.ErrnoException;
  const advice = ADVICE[code];
  return advice === undefined ? message : `${message}: ${advice}`;
}

export function isOfTheDisk(error: unknown): boolean {
  return OF_THE_DISK.has((error as NodeJS.ErrnoException).code ?? '');
}
