import { readFileSync } from 'node:fs';
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { ConfigError } from './error.js';
import { byName, type Place } from './place.js';

export interface ConfigFile {
  readonly settings: Readonly<Record<string, unknown>>;
  /** With line and column of the setting, or of what is to hold it where it is missing. */
  readonly place: Place;
}

/**
 * A map of settings, YAML or JSON, as it stands in a file; `example`: one of them. @throws ConfigError where it is
 * none
 */
export function readConfigFile(path: string, example: string): ConfigFile {
  const lines = new LineCounter();
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const document = parseDocument(textOf(path), { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new ConfigError(document.errors.map(({ pos, message }) => `${at(pos[0])}: ${message}`));
  }
  const settings = settingsOf(document, path);
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
    throw new ConfigError(`${path}: a map of settings, such as "${example}"`);
  }
  const place: Place = (keys) => {
    const offset = offsetOf(document, keys);
    return `${offset === undefined ? path : at(offset)}: ${byName(keys)}`;
  };
  return { settings: settings as Record<string, unknown>, place };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${path}: ${(error as Error).message}`);
  }
}

/** @throws ConfigError where aliases stand for too much, or for nothing */
function settingsOf(document: Document, path: string): unknown {
  try {
    return document.toJS() ?? {};
  } catch (error) {
    throw new ConfigError(`${path}: ${(error as Error).message}`);
  }
}

/** Where the last of `keys` begins that is there; undefined where none is. */
function offsetOf(document: Document, keys: readonly PropertyKey[]): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const key of keys) {
    if (isAlias(node)) node = node.resolve(document);
    let found: unknown;
    if (isMap(node)) {
      const pair = node.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === String(key));
      found = pair?.key;
      node = pair?.value;
    } else if (isSeq(node)) {
      found = node.items[Number(key)];
      node = found;
    }
    if (!isNode(found)) break;
    offset = found.range?.[0] ?? offset;
  }
  return offset;
}
