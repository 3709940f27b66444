#!/usr/bin/env node
// Builds what browsers load into client/dist/web: the two SDKs, the dashboard and the listening page. Skips a bundle whose
// inputs are all older than what was made of them, so that a start with nothing to do costs next to nothing.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const client = fileURLToPath(new URL('.', import.meta.url));
const web = join(client, 'dist/web');
const stamps = join(client, 'dist/build-stamps');

/** Each SDK with the bytes, gzipped, that it must stay under: pages pay for it before the first sound or the first row. */
const SDKS = [
  { name: 'audio', entry: 'dist/audio/client-metrics.js', maxBytes: 4096 },
  { name: 'live', entry: 'dist/live/live-client.js', maxBytes: 8192 },
];
const PAGES = ['dashboard', 'listen'];

/** What `tsc` made of client and shared, this file, and the versions that a change of dependencies leaves in package.json. */
const COMMON_INPUTS = ['dist/audio', 'dist/live', 'dist', '../shared/dist', 'build.js', 'package.json'];

const work = [...SDKS.map((sdk) => ({ ...sdk, make: buildSdk })), ...PAGES.map((name) => ({ name, make: buildPage }))];
let failed = false;
for (const { name, make, ...details } of work) {
  const inputs = [...COMMON_INPUTS, ...(PAGES.includes(name) ? [name] : [])].map((path) => join(client, path));
  const stamp = join(stamps, name);
  if (isNewer(stamp, inputs)) continue;
  if (await make({ name, ...details })) {
    mkdirSync(stamps, { recursive: true });
    writeFileSync(stamp, '');
  } else failed = true;
}
if (failed) process.exitCode = 1;

/** One module that imports nothing. Returns whether it is small enough. */
async function buildSdk({ name, entry, maxBytes }) {
  const { build } = await import('vite');
  const file = join(web, 'sdk', `${name}.js`);
  rmSync(file, { force: true });
  await build({
    ...common(),
    build: {
      ...common().build,
      outDir: join(web, 'sdk'),
      lib: { entry: join(client, entry), formats: ['es'], fileName: () => `${name}.js` },
      rolldownOptions: { output: { codeSplitting: false, minify: true } },
    },
  });
  const bytes = gzipSync(readFileSync(file)).length;
  console.log(`sdk/${name}.js: ${bytes} bytes gzipped of ${maxBytes - 1}`);
  if (bytes < maxBytes) return true;
  console.error(`sdk/${name}.js is too large: remove something, or import less`);
  rmSync(file);
  return false;
}

/** A page into web/<name>/index.html; its assets, named by their content, into web/assets, which the hub serves at /assets. */
async function buildPage({ name }) {
  if (!existsSync(join(client, name, 'index.html'))) return true;
  const { build } = await import('vite');
  const { output } = await build({
    ...common(),
    root: join(client, name),
    esbuild: undefined,
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: { ...common().build, outDir: join(web, name), assetsDir: '../assets' },
  });
  return output.length > 0;
}

function common() {
  return {
    configFile: false,
    root: client,
    base: './',
    logLevel: 'warn',
    publicDir: false,
    build: { target: 'es2022', emptyOutDir: false, modulePreload: { polyfill: false }, reportCompressedSize: false },
  };
}

/** Whether `file` is there and no file under `inputs` has changed since it was written. */
function isNewer(file, inputs) {
  const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return made > 0 && inputs.every((input) => newest(input) <= made);
}

function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  let latest = stat.mtimeMs;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) latest = Math.max(latest, newest(join(path, entry.name)));
    else if (entry.isFile()) latest = Math.max(latest, statSync(join(path, entry.name)).mtimeMs);
  }
  return latest;
}
