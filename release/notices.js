import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

/** Folders of the packages, other than our own, that modules belong to. */
export function packagesOf(modules) {
  const folders = modules.map((path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return [...new Set(folders.filter((folder) => folder !== undefined))];
}

/** Name, version and licence of each package, with the text of its licence. */
export function noticesOf(folders) {
  const packages = new Map();
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    packages.set(name, { title: `${name} ${version} (${license})`, folder: realpathSync(folder) });
  }
  const names = [...packages.keys()].sort();
  const sections = names.map((name) => {
    const { title, folder } = packages.get(name);
    return `${'='.repeat(80)}\n${title}\n\n${textsOf(folder)}`;
  });
  return `This package contains the following packages.\n\n${sections.join('\n')}`;
}

/** Licence and notices of a package, as it ships them. */
function textsOf(folder) {
  const names = readdirSync(folder).filter((name) => /^(licen[sc]e|notice)(\.|$)/i.test(name));
  if (names.length === 0 && existsSync(join(folder, 'README.md'))) return 'The licence is named in its package.json.\n';
  return names.map((name) => `${readFileSync(join(folder, name), 'utf8').trim()}\n`).join('\n');
}
