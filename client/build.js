#!/usr/bin/env node
// Builds what browsers load into client/dist/web: the two SDKs, the dashboard and the listening page. Skips a bundle whose
// inputs are all older than what was made of them, so that a start with nothing to do costs next to nothing.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { treeOf } from './declarations.js';

const client = fileURLToPath(new URL('.', import.meta.url));
const web = join(client, 'dist/web');
const stamps = join(client, 'dist/build-stamps');

/** Each SDK with the bytes, gzipped, that it must stay under: pages pay for it before the first sound or the first row. */
const SDKS = [
  { name: 'audio', entry: 'dist/audio/client-metrics.js', maxBytes: 4096 },
  { name: 'live', entry: 'dist/live/live-client.js', maxBytes: 8192 },
];
/** Vite's options for all of them. The files are written here, so that those of a page that is gone can go too. */
const COMMON = {
  configFile: false,
  root: client,
  base: './',
  logLevel: 'warn',
  publicDir: false,
  build: { target: 'es2022', write: false, modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
};

const PAGES = ['dashboard', 'listen'];

/** What `tsc` made of client and shared, this file, and the versions that a change of dependencies leaves in package.json. */
const COMMON_INPUTS = ['dist/audio', 'dist/live', 'dist/*', '../shared/dist', 'build.js', 'package.json'];

const work = [
  ...SDKS.map((sdk) => ({ name: sdk.name, inputs: COMMON_INPUTS, make: () => buildSdk(sdk) })),
  { name: 'declarations', inputs: [...COMMON_INPUTS, 'declarations.js'], make: declarations },
  ...PAGES.filter((name) => existsSync(join(client, name, 'index.html'))).map((name) => ({
    name,
    // Pages share code with each other, and take the SDKs from their sources.
    inputs: [...COMMON_INPUTS, 'src', ...PAGES],
    make: () => buildPage(name),
  })),
];
for (const { name, inputs, make } of work) {
  const stamp = join(stamps, name);
  if (isCurrent(stamp, inputs)) continue;
  const started = new Date();
  const files = await make();
  if (files === null) process.exitCode = 1;
  else {
    for (const [file, content] of files) write(join(web, file), content);
    write(stamp, [...files.keys()].join('\n'));
    // An input that changed while this ran is newer than what was made of it.
    utimesSync(stamp, started, started);
    removeLeftOvers();
  }
}

/** One module that imports nothing, or null where it is too large. Files by path within web. */
async function buildSdk({ name, entry, maxBytes }) {
  const { build } = await import('vite');
  const [{ output }] = await build({
    ...COMMON,
    build: {
      ...COMMON.build,
      lib: { entry: join(client, entry), formats: ['es'], fileName: () => `${name}.js` },
      rolldownOptions: { output: { codeSplitting: false, minify: true } },
    },
  });
  if (output.length !== 1) throw new Error(`sdk/${name}.js: ${output.length} files instead of one`);
  const { code } = output[0];
  const bytes = gzipSync(code).length;
  console.log(`sdk/${name}.js: ${bytes} bytes gzipped, of ${maxBytes - 1} at most`);
  if (bytes < maxBytes) return new Map([[`sdk/${name}.js`, code]]);
  console.error(`sdk/${name}.js is too large: import less`);
  return null;
}

/** Types of the SDKs: one file beside each module, and a folder of those that it imports. */
function declarations() {
  const entryOf = ({ entry }) => entry.replace(/^dist/, 'client');
  const files = [...treeOf(SDKS.map(entryOf), '.d.ts')].map(([path, text]) => [`sdk/types/${path}`, text]);
  const beside = SDKS.map((sdk) => [`sdk/${sdk.name}.d.ts`, `export * from './types/${entryOf(sdk)}';\n`]);
  return new Map([...beside, ...files]);
}

/**
 * A page as <name>/index.html and its assets, named by their content, as assets/*. The page names them `./assets/…`, which
 * the hub serves beside it, behind a path prefix too.
 */
async function buildPage(name) {
  const { build } = await import('vite');
  const { output } = await build({
    ...COMMON,
    root: join(client, name),
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  });
  return new Map(
    output.map((file) => {
      const path = file.fileName === 'index.html' ? `${name}/index.html` : file.fileName;
      return [path, file.type === 'chunk' ? file.code : file.source];
    }),
  );
}

function write(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** The stamp lists the files that were made. */
function filesMade(stamp) {
  return existsSync(stamp) ? readFileSync(stamp, 'utf8').split('\n').filter(Boolean) : [];
}

/** Assets of builds before, under names that nothing refers to any more. */
function removeLeftOvers() {
  const assets = join(web, 'assets');
  if (!existsSync(assets)) return;
  const made = new Set(readdirSync(stamps).flatMap((name) => filesMade(join(stamps, name))));
  for (const name of readdirSync(assets)) if (!made.has(`assets/${name}`)) rmSync(join(assets, name));
}

/** Whether all that was made is there and no input has changed since. */
function isCurrent(stamp, inputs) {
  const files = filesMade(stamp);
  if (files.length === 0 || !files.every((file) => existsSync(join(web, file)))) return false;
  const made = statSync(stamp).mtimeMs;
  return inputs.every((input) => newest(join(client, input)) <= made);
}

/** When the newest file under `path` changed, or directly in it where it ends in `*`. */
function newest(path) {
  const flat = path.endsWith('*');
  const root = flat ? dirname(path) : path;
  const stat = statSync(root, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  let latest = 0;
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (entry.isFile()) latest = Math.max(latest, statSync(join(root, entry.name)).mtimeMs);
    else if (!flat) latest = Math.max(latest, newest(join(root, entry.name)));
  }
  return latest;
}
