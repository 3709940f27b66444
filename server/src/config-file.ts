import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { ConfigError } from './config-error.js';

/** A map of settings, YAML or JSON, as it stands in a file; `example`: one of them. @throws ConfigError where it is none */
export function readConfigFile(path: string, example: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = parseYaml(readFileSync(path, 'utf8')) ?? {};
  } catch (error) {
    throw new ConfigError(`${path}: ${(error as Error).message.split('\n')[0]}`);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new ConfigError(`${path}: a map of settings, such as "${example}"`);
  }
  return content as Record<string, unknown>;
}
