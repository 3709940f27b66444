/** Says where a setting stands, and what it is called there: `hub.yaml:3:7: alerts.rules[2].column`. */
export type Place = (path: readonly PropertyKey[]) => string;

/** Where settings come from a program: `alerts.rules[2].column`. */
export const byName: Place = (path) =>
  path.reduce<string>((outer, key) => {
    if (typeof key === 'number') return `${outer}[${key}]`;
    return outer === '' ? String(key) : `${outer}.${String(key)}`;
  }, '');

/** Paths that begin at `start`. */
export const within =
  (place: Place, ...start: readonly PropertyKey[]): Place =>
  (path) =>
    place([...start, ...path]);
