import type { Api } from './api.js';

/** Methods that a path is served by, for `Allow`; none where there is nothing at it. Middleware serves no path. */
export function methodsOf(app: Api, path: string): readonly string[] {
  const found = new Set<string>();
  for (const { method, path: pattern } of app.routes) {
    if (method !== 'ALL' && matches(pattern, path)) found.add(method);
  }
  if (found.has('GET')) found.add('HEAD');
  return [...found];
}

/** `:name` in `pattern` stands for one segment. */
function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const found = path.split('/');
  if (wanted.length !== found.length) return false;
  return wanted.every((segment, at) => (segment.startsWith(':') ? found[at] !== '' : segment === found[at]));
}
