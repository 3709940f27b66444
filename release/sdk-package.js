import { join } from 'node:path';
import { treeOf } from '../client/declarations.js';
import { copy, pack, write } from './sources.js';

const MANIFEST = {
  name: '@auralis/client',
  description: 'Browser and Node SDK of Auralis Hub: listener metrics, live tables, engine metrics.',
  sideEffects: false,
  exports: { '.': { types: './dist/client/index.d.ts', default: './dist/client/index.js' } },
};

/** The SDK as ES modules with declarations, without dependencies. */
export async function makeSdkPackage(work, out) {
  const folder = join(work, 'sdk');
  for (const ending of ['.js', '.d.ts']) {
    for (const [path, text] of treeOf(['client/index.js'], ending)) write(join(folder, 'dist', path), text);
  }
  copy('LICENSE', folder);
  copy('docs/sdk.md', folder, 'README.md');
  return pack(folder, MANIFEST, out);
}
