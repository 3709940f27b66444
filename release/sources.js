import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

export const readJson = (path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));

/** Version of all that is released. It stands in the `package.json` of the checkout, and nowhere else. */
export const VERSION = readJson('package.json').version;

/** Copy `path` of the checkout into the package that is staged in `folder`. */
export function copy(path, folder, to = path) {
  cpSync(join(ROOT, path), join(folder, to), { recursive: true });
}

export function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Write `package.json` and pack `folder`. Return the path of the tarball, which lies in `out`. */
export function pack(folder, manifest, out) {
  const full = { version: VERSION, license: 'Apache-2.0', type: 'module', engines: { node: '>=20.19' }, ...manifest };
  write(join(folder, 'package.json'), `${JSON.stringify(full, null, 2)}\n`);
  const options = ['--pack-destination', out, '--json', '--ignore-scripts'];
  const [{ filename }] = JSON.parse(execFileSync('npm', ['pack', ...options], { cwd: folder, encoding: 'utf8' }));
  return join(out, filename.replace('@', '').replace('/', '-'));
}
