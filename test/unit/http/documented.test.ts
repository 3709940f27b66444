import { createApp, type HttpContext } from '@auralis/server/http/app';
import { createTables } from '@auralis/server/state/tables';
import { expect, test } from '@jest/globals';

/** Stands for whatever a route needs of the context: adding routes asks for next to nothing. */
const anything: unknown = new Proxy(() => anything, {
  get: (_, key) => (key === Symbol.toPrimitive ? () => '' : anything),
});

test('every route below /api/v1, and every check of health, is in the OpenAPI document', () => {
  const known: Record<string, unknown> = { tables: createTables(), publicUrl: null, version: '0' };
  const context = new Proxy(known, { get: (_, key) => known[String(key)] ?? (key in known ? null : anything) });
  const app = createApp(context as unknown as HttpContext);
  const documented = app.openAPIRegistry.definitions.flatMap((definition) => {
    if (definition.type !== 'route') return [];
    return [`${definition.route.method.toUpperCase()} ${definition.route.path.replaceAll(/{(\w+)}/g, ':$1')}`];
  });
  const registered = app.routes.flatMap(({ method, path }) => (method === 'ALL' ? [] : [`${method} ${path}`]));
  const pages = /^GET \/(?:$|listen$|assets\/|sdk\/|docs)/;
  expect(registered.filter((route) => !pages.test(route) && !documented.includes(route))).toEqual([]);
  expect(documented.filter((route) => !registered.includes(route))).toEqual([]);
  expect(new Set(documented).size).toBe(documented.length);
  expect(documented).toContain('GET /api/v1/connections/:id');
});
