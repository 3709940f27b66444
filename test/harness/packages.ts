import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './hub.js';

/** Environment without what an enclosing run of pnpm or jest has set. */
export const PLAIN_ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|pnpm_|NODE_OPTIONS|JEST_|INIT_CWD)/i.test(name)),
);

/** Tarballs of a release. */
export interface Packages {
  readonly hub: string;
  readonly sdk: string;
}

/** Make the packages for npm of this checkout, as a release does, in a new folder. */
export function makePackages(): Packages {
  const out = mkdtempSync(join(tmpdir(), 'auralis-packages-'));
  execFileSync(process.execPath, [join(ROOT, 'release/main.js'), '--out', out, 'hub', 'sdk'], {
    env: PLAIN_ENVIRONMENT,
  });
  const named = (start: string) => join(out, readdirSync(out).find((name) => name.startsWith(start)) ?? start);
  return { hub: named('auralis-hub-'), sdk: named('auralis-client-') };
}

/** Install tarballs in an empty folder, without the registry. Return the folder. */
export function installIn(name: string, tarballs: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), `auralis-${name}-`));
  writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}');
  const quiet = ['--offline', '--no-audit', '--no-fund', '--loglevel', 'error'];
  execFileSync('npm', ['install', ...quiet, ...tarballs], { cwd: folder, env: PLAIN_ENVIRONMENT, encoding: 'utf8' });
  return folder;
}

/** Put the checkout's uWebSockets beside an installed hub, as an installation of it would. */
export function addUws(folder: string): void {
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(join(ROOT, 'server/node_modules/uWebSockets.js'), join(folder, 'node_modules/uWebSockets.js'));
}
