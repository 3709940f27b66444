import { addAccess, forAnyone, forRole, forRoleOrLocal } from '@auralis/server/http/access';
import { addUncheckedRoute, createApi } from '@auralis/server/http/api';
import { expect, test } from '@jest/globals';

const route = (path: string, access: object) => ({ method: 'get' as const, path, ...access, responses: {} });
const answer = () => new Response('in');

test('a route that does not say whom it is for lets no hub start', () => {
  const api = createApi();
  const settle = addAccess(api);
  addUncheckedRoute(api, route('/a', forRole('viewer')), answer);
  addUncheckedRoute(api, route('/b/{id}', {}), answer);
  expect(settle).toThrow('GET /b/:id does not say whom it is for');
});

test('nor does one that is in no document', () => {
  const api = createApi();
  const settle = addAccess(api);
  api.get('/secret', answer);
  expect(settle).toThrow('GET /secret does not say whom it is for');
});

test('nothing is served before it is known whom it is for', async () => {
  const api = createApi();
  addAccess(api);
  addUncheckedRoute(api, route('/a', forAnyone), answer);
  api.onError(({ message }) => new Response(message, { status: 500 }));
  expect((await api.request('/a')).status).toBe(500);
});

test('the first route that takes a path decides, also for HEAD', async () => {
  const api = createApi();
  const settle = addAccess(api);
  addUncheckedRoute(api, route('/list/special', forRoleOrLocal('admin')), answer);
  addUncheckedRoute(api, route('/list/{id}', forAnyone), answer);
  settle();
  api.onError((error) => new Response(error.message, { status: 'status' in error ? Number(error.status) : 500 }));
  const ask = async (path: string, isLocal: boolean, method = 'GET') =>
    (await api.request(path, { method }, { address: '', who: { kind: 'open' }, isLocal })).status;
  expect([await ask('/list/special', false), await ask('/list/special', false, 'HEAD')]).toEqual([403, 403]);
  expect([await ask('/list/special', true), await ask('/list/other', false)]).toEqual([200, 200]);
});
