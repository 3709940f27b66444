import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a directory and those above it. Not by `recursive` of Node's own, which never comes back below `/proc`: there
 * is no making anything in what is there.
 * @throws an error that says where nothing can be made
 */
export function makeDir(dir: string, mode = 0o777): void {
  const missing: string[] = [];
  for (let path = resolve(dir); !existsSync(path); path = dirname(path)) missing.push(path);
  for (const path of missing.reverse()) {
    try {
      mkdirSync(path, { mode });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') continue;
      throw Object.assign(new Error(`${code}: no directory can be made in ${dirname(path)}`), { code });
    }
  }
  if (!statSync(dir).isDirectory()) throw new Error(`ENOTDIR: ${dir} is not a directory`);
}

/** Return why `makeDir` would fail, as far as permissions tell, without making anything; null if it would succeed. */
export function whyNotMakeable(dir: string): string | null {
  let path = resolve(dir);
  while (!existsSync(path)) path = dirname(path);
  try {
    if (!statSync(path).isDirectory()) return `ENOTDIR: ${path} is not a directory`;
    accessSync(path, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
