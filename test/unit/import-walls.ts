/**
 * Rooms of each source folder and what each may import, besides its own files. '.' is the folder itself.
 * - other rooms of the same folder
 * - `@shared` and other packages of the workspace
 * - `node`: Node's own modules
 * - `npm`: all other packages
 */
export const WALLS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'shared/src': { '.': 'columns msgpack', columns: '.', msgpack: '.' },

  'server/src': {
    // Primitives, without knowledge of metrics.
    time: '',
    check: '@shared',
    config: '@shared node npm',
    store: 'node',
    limits: '@shared time',
    transport: '@shared node npm limits',
    auth: '@shared node npm config transport',
    // Tables, and the rooms that write them.
    state: '@shared',
    ingest: '@shared check state',
    listeners: '@shared limits state time transport',
    relay: '@shared node limits listeners state time transport',
    external: '@shared npm check ingest limits listeners relay state',
    engine: '@shared node check limits state time',
    host: '@shared node npm state time',
    // Rooms that read tables.
    live: '@shared limits state time transport',
    prometheus: '@shared state',
    history: '@shared node state store',
    alerts: '@shared node npm config limits state time',
    notify: '@shared node npm . alerts config state store time',
    http: '@shared node npm . alerts auth history limits prometheus state time transport',
    // The hub puts the parts together. Only commands and the entry of the package import it.
    hub: `@shared node npm . alerts auth config engine external history host http ingest limits live notify prometheus relay
      state store time transport`,
    cli: '@client @shared node npm alerts auth config history hub notify simulate store transport',
    '.': 'node npm cli hub store transport',
    // A client of the hub: it knows its protocol only, so it counts outside of what it checks.
    simulate: '@shared node npm',
  },

  client: {
    src: '@shared src/audio src/engine src/live',
    'src/audio': '@shared src',
    'src/engine': '@shared src',
    'src/live': '@shared src',
    // `top` and `tail` run under Node: no page imports them.
    'src/terminal': '@shared node npm src src/live',
    // The model of the dashboard has no document: it runs under Node.
    'dashboard/model': '@shared',
    'dashboard/view': '@shared npm dashboard dashboard/model',
    dashboard: 'npm dashboard/model dashboard/view src/live',
    listen: '@shared npm src/audio dashboard dashboard/model dashboard/view',
  },
};

/** Every way of TypeScript to name another module: import, re-export, side effect, dynamic, type and `require`. */
const SPECIFIERS = /(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*(['"])([^'"\s]+)\1/g;

/** Return the room of a path, as `server/src relay`; '' if it lies in none. */
export function roomOf(path: string): string {
  const folder = Object.keys(WALLS).find((name) => path.startsWith(`${name}/`));
  if (folder === undefined) return '';
  const rooms = Object.keys(WALLS[folder] ?? {}).filter((name) => path.startsWith(`${folder}/${name}/`));
  const room = rooms.sort((a, b) => b.length - a.length)[0];
  const isAtTop = path.indexOf('/', folder.length + 1) === -1;
  return room === undefined && !(isAtTop && '.' in (WALLS[folder] ?? {})) ? '' : `${folder} ${room ?? '.'}`;
}

/** Return `room → imported` for each import that leaves the room of its file. */
export function importsOf(path: string, source: string): string[] {
  const room = roomOf(path);
  const targets = Array.from(source.matchAll(SPECIFIERS), ([, , specifier]) => target(path, specifier as string));
  return targets.filter((imported) => imported !== room).map((imported) => `${room} → ${imported}`);
}

/** All imports that the walls let through, as `importsOf` writes them. */
export function allowedImports(): Set<string> {
  const edges = Object.entries(WALLS).flatMap(([folder, rooms]) =>
    Object.entries(rooms).flatMap(([room, list]) => {
      const names = list.split(/\s+/).filter((name) => name !== '');
      return names.map((name) => `${folder} ${room} → ${name in rooms ? `${folder} ${name}` : name}`);
    }),
  );
  return new Set(edges);
}

function target(path: string, specifier: string): string {
  if (specifier.startsWith('.')) return roomOf(new URL(specifier, `file:///${path}`).pathname.slice(1));
  if (specifier.startsWith('@auralis/')) return `@${specifier.split('/')[1]}`;
  return specifier.startsWith('node:') ? 'node' : 'npm';
}
