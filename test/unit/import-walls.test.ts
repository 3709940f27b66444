import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { ROOT } from '../harness/hub.js';
import { allowedImports, importsOf, roomOf } from './import-walls.js';

const ALLOWED = allowedImports();

const SOURCES = ['shared/src', 'server/src', 'client/src', 'client/dashboard', 'client/listen'].flatMap((folder) =>
  readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => `${folder}/${name}`),
);

const IMPORTS = SOURCES.flatMap((path) => importsOf(path, readFileSync(ROOT + path, 'utf8')));

test('each file lies in a room', () => {
  expect(SOURCES.length).toBeGreaterThan(200);
  expect(SOURCES.filter((path) => roomOf(path) === '')).toEqual([]);
});

test('no file imports from a room behind a wall', () => {
  expect([...new Set(IMPORTS)].filter((edge) => !ALLOWED.has(edge))).toEqual([]);
});

test('each gap in a wall is used', () => {
  const used = new Set(IMPORTS);
  expect([...ALLOWED].filter((edge) => !used.has(edge))).toEqual([]);
});

test.each([
  ['another room', 'server/src/relay/a.ts', "import { a } from '../alerts/alert.js';", 'server/src alerts'],
  [
    'a type of another room',
    'server/src/prometheus/a.ts',
    "import type { A } from '../relay/relay.js';",
    'server/src relay',
  ],
  [
    'a room from a folder below',
    'server/src/http/routes/a.ts',
    "import { a } from '../../live/live.js';",
    'server/src live',
  ],
  ['the hub', 'server/src/alerts/a.ts', "import { a } from '../hub/hub.js';", 'server/src hub'],
  ['another package', 'server/src/relay/a.ts', "import { a } from '@auralis/client';", '@client'],
  ['a part of another package', 'client/dashboard/a.ts', "import { a } from '@auralis/server/hub';", '@server'],
  ['Node in a browser', 'shared/src/a.ts', "import { a } from 'node:fs';", 'node'],
  [
    'the terminal in a browser',
    'client/src/live/a.ts',
    "import { a } from '../terminal/tail.js';",
    'client src/terminal',
  ],
  ['the terminal in a page', 'client/dashboard/a.ts', "import '../src/terminal/tail.js';", 'client src/terminal'],
  ['the client in a room', 'server/src/live/a.ts', "import { a } from '@auralis/client/terminal/tail';", '@client'],
  ['a dependency of the terminal', 'client/src/live/a.ts', "import WebSocket from 'ws';", 'npm'],
  ['a dependency', 'client/dashboard/model/a.ts', "import { a } from 'preact/hooks';", 'npm'],
  [
    'several lines',
    'client/dashboard/model/a.ts',
    "import {\n  a,\n} from '../view/cell.js';",
    'client dashboard/view',
  ],
  ['a re-export', 'server/src/history/a.ts', "export { a } from '../http/app.js';", 'server/src http'],
  ['a side effect', 'server/src/check/a.ts', "import '../state/tables.js';", 'server/src state'],
  ['a dynamic import', 'server/src/store/a.ts', "await import('../alerts/alert.js');", 'server/src alerts'],
  ['a type in place', 'server/src/state/a.ts', "let a: import('../relay/relay.js').A;", 'server/src relay'],
  ['require', 'server/src/time/a.ts', "require('node:fs');", 'node'],
])('%s behind a wall is found', (_, path, source, imported) => {
  const found = importsOf(path, source);
  expect(found).toEqual([`${roomOf(path)} → ${imported}`]);
  expect(ALLOWED.has(found[0] as string)).toBe(false);
});

test('an import that is allowed and one of the own room are no finding', () => {
  expect(importsOf('server/src/relay/a.ts', "import { a } from './b.js';")).toEqual([]);
  const [edge] = importsOf('server/src/relay/a.ts', "import { a } from '../state/tables.js';");
  expect(ALLOWED.has(edge as string)).toBe(true);
});
