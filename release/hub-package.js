import { join } from 'node:path';
import { build } from 'vite';
import { noticesOf, packagesOf } from './notices.js';
import { copy, pack, ROOT, write } from './sources.js';

/** Its binaries are 133 MB, so whoever wants uWebSockets installs it beside the hub. Without it the hub runs on ws. */
const TRANSPORT = 'uWebSockets.js';

const MANIFEST = {
  name: 'auralis-hub',
  description: 'The telemetry hub for audio that is streamed over WebSocket.',
  keywords: ['audio', 'websocket', 'telemetry', 'metrics', 'prometheus'],
  bin: { 'auralis-hub': 'bin/auralis-hub.js' },
  exports: { '.': './dist/index.js', './package.json': './package.json' },
  peerDependencies: { [TRANSPORT]: '*' },
  peerDependenciesMeta: { [TRANSPORT]: { optional: true } },
};

/** Packages that pages contain, and one whose files are copied as they are. */
const IN_PAGES = ['client/node_modules/preact', 'client/node_modules/@preact/signals', 'client/node_modules/uplot'];
const SWAGGER_UI = 'server/node_modules/swagger-ui-dist';

const COPIED = ['README.md', 'CHANGELOG.md', 'LICENSE', 'docs', 'deploy', 'examples', 'shared/PROTOCOL.md'];

/** The hub with all that it needs but uWebSockets, as one package without dependencies. */
export async function makeHubPackage(work, out) {
  const folder = join(work, 'hub');
  const modules = await bundle(join(folder, 'dist'));
  copy('server/bin', folder, 'bin');
  copy('client/dist/web', folder, 'web');
  for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    copy(`${SWAGGER_UI}/${name}`, folder, `swagger-ui/${name}`);
  }
  for (const path of COPIED) copy(path, folder);
  const packages = [...packagesOf(modules), ...IN_PAGES.map((path) => join(ROOT, path)), join(ROOT, SWAGGER_UI)];
  write(join(folder, 'NOTICES.txt'), noticesOf(packages));
  return pack(folder, MANIFEST, out);
}

/** Bundle the program and the library into `folder`. Return the paths of all modules in them. */
async function bundle(folder) {
  const { output } = await build({
    configFile: false,
    root: ROOT,
    logLevel: 'warn',
    publicDir: false,
    ssr: { noExternal: true, external: [TRANSPORT], target: 'node' },
    build: {
      ssr: true,
      target: 'node20',
      outDir: folder,
      emptyOutDir: true,
      rolldownOptions: {
        input: { cli: join(ROOT, 'server/dist/cli.js'), index: join(ROOT, 'server/dist/index.js') },
        // Flat, so that each file finds `web` and `package.json` beside its folder.
        output: { entryFileNames: '[name].js', chunkFileNames: '[name].js' },
      },
    },
  });
  return output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
}
