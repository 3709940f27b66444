import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { copy } from './sources.js';

/** The interpreter of the path, or else the system's own, which has what packages of the system install. */
function interpreter() {
  const names = ['python3', '/usr/bin/python3'];
  const found = names.find((name) => spawnSync(name, ['-c', 'import setuptools, pip, wheel']).status === 0);
  if (found === undefined) throw new Error('the wheel needs python3 with pip, setuptools and wheel: install them');
  return found;
}

/** The Python classes as a wheel. Nothing is downloaded for it. */
export async function makeWheel(work, out) {
  // A copy, because setuptools leaves its own folders beside what it builds.
  const folder = join(work, 'python');
  copy('examples/python', folder, '.');
  const offline = ['--no-build-isolation', '--no-deps', '--no-index', '--quiet'];
  execFileSync(interpreter(), ['-m', 'pip', 'wheel', ...offline, '--wheel-dir', out, folder], { stdio: 'inherit' });
  return join(
    out,
    readdirSync(out).find((name) => name.endsWith('.whl')),
  );
}
