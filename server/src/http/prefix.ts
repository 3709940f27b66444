import { withoutTrailingSlashes } from '@auralis/shared';

/**
 * Path of a public URL without a slash at its end: `/auralis` of `https://example.org/auralis/`, '' where there is
 * none.
 */
export function prefixOf(publicUrl: string | null): string {
  return publicUrl === null ? '' : withoutTrailingSlashes(new URL(publicUrl).pathname);
}

/** The path that our routes know: some proxies take the prefix away, some do not. */
export function pathBelow(prefix: string, path: string): string {
  if (prefix === '' || !`${path}/`.startsWith(`${prefix}/`)) return path;
  return path === prefix ? '/' : path.slice(prefix.length);
}
