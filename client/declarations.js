import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** What `tsc` has made of each package, as it lies in the checkout. */
const BUILT = { client: join(root, 'client/dist'), shared: join(root, 'shared/dist') };
const SPECIFIERS = /((?:\bfrom|\bimport|\bimport\()\s*['"])([^'"\s]+)(['"])/g;

/**
 * Files of `entries`, such as `client/index.js`, and all that they import, by path: `client/…` and `shared/…`. Imports
 * of `@auralis/shared` become relative, so the files need no package beside them. `ending` is `.js` or `.d.ts`.
 */
export function treeOf(entries, ending) {
  const files = new Map();
  const queue = [...entries];
  for (const path of queue) {
    if (files.has(path)) continue;
    const imported = [];
    files.set(path, relative(read(path, ending), path, imported));
    queue.push(...imported);
  }
  return new Map([...files].map(([path, text]) => [path.replace(/\.js$/, ending), text]));
}

function read(path, ending) {
  const [name, ...rest] = path.split('/');
  const file = join(BUILT[name], rest.join('/')).replace(/\.js$/, ending);
  if (!existsSync(file)) throw new Error(`${file} is missing: run pnpm build`);
  return readFileSync(file, 'utf8').replace(/\n?\/\/# sourceMappingURL=.*\n?$/, '\n');
}

/** Make imports of our packages relative, and note them in `imported`. Others would need an installation. */
function relative(text, path, imported) {
  return text.replace(SPECIFIERS, (_, before, specifier, after) => {
    const target = targetOf(specifier, path);
    imported.push(target);
    const way = posix.relative(dirname(path), target);
    return `${before}${way.startsWith('.') ? way : `./${way}`}${after}`;
  });
}

function targetOf(specifier, path) {
  if (specifier.startsWith('.')) return posix.join(dirname(path), specifier);
  const [, below] = /^@auralis\/shared(?:\/(.+))?$/.exec(specifier) ?? [null, null];
  if (!specifier.startsWith('@auralis/shared')) throw new Error(`${path} imports ${specifier}, which is not ours`);
  return `shared/${below ?? 'index'}.js`;
}
