/** Which row a key leads to from the selected one; null where the key is not for rows. */
export function moveBy(key: string, keys: readonly string[], selected: string | null, perPage: number): string | null {
  const at = selected === null ? -1 : keys.indexOf(selected);
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at < 0 ? 0 : at - 1,
    PageDown: at + perPage,
    PageUp: at - perPage,
    Home: 0,
    End: keys.length - 1,
  };
  const next = steps[key];
  if (next === undefined) return null;
  return keys[Math.min(Math.max(next, 0), keys.length - 1)] ?? null;
}
