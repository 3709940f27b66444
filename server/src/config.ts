import { readAuthFile } from './auth/settings.js';
import { ConfigError } from './config-error.js';
import { readConfigFile } from './config-file.js';
import { assertKnown } from './config-section.js';
import {
  type GivenOptions,
  type HubOptions,
  type OptionSpec,
  SECTIONS,
  SERVE_OPTIONS,
  type ServeOptionKey,
} from './options.js';

export { ConfigError };

export interface ConfigSources {
  /** By key; undefined where a flag was not given. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Path of the config file (YAML or JSON), or undefined. */
  readonly file: string | undefined;
}

export const flagOf = (key: string) => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
export const environmentNameOf = (key: string) => `AURALIS_${key.replace(/[A-Z]/g, '_$&').toUpperCase()}`;

/** Settings from flags over environment over file over defaults. @throws ConfigError for the first that is not allowed */
export function loadOptions(sources: ConfigSources): HubOptions {
  const file = sources.file ?? sources.environment.AURALIS_CONFIG;
  const fromFile = file === undefined ? {} : readConfigFile(file, 'port: 9000');
  assertKnown(Object.keys(fromFile), KNOWN_KEYS, file);
  for (const name of Object.keys(sources.environment)) {
    if (name.startsWith('AURALIS_') && !KNOWN_NAMES.has(name) && !OTHERS_NAMES.has(name)) {
      throw new ConfigError(`${name}: unknown; known are ${[...KNOWN_NAMES].join(', ')}`);
    }
  }
  const options = Object.entries<OptionSpec<unknown>>(SERVE_OPTIONS).map(([key, spec]) => {
    const places = [
      [flagOf(key), sources.flags[key]],
      [environmentNameOf(key), sources.environment[environmentNameOf(key)]],
      [`${file}: ${key}`, fromFile[key]],
    ] as const;
    return [key, firstGiven(spec, places)] as const;
  });
  return frozen(options, fromFile, (key) => `${file}: ${key}`, sources.environment);
}

/** Settings given by a program: checked as those of a config file. @throws ConfigError */
export function checkOptions(given: GivenOptions): HubOptions {
  assertKnown(Object.keys(given), KNOWN_KEYS);
  const options = Object.entries<OptionSpec<unknown>>(SERVE_OPTIONS).map(([key, spec]) => {
    return [key, firstGiven(spec, [[key, given[key as ServeOptionKey] ?? undefined]])] as const;
  });
  return frozen(options, { ...given }, (key) => key, process.env);
}

/** Settings with the sections and the auth file read. */
function frozen(
  options: readonly (readonly [key: string, value: unknown])[],
  given: Readonly<Record<string, unknown>>,
  placeOf: (key: string) => string,
  environment: ConfigSources['environment'],
): HubOptions {
  const sections = Object.entries(SECTIONS).map(
    ([key, read]) => [key, read(given[key], placeOf(key), environment)] as const,
  );
  const settings = Object.fromEntries([...options, ...sections]);
  const { authFile } = settings as Pick<HubOptions, 'authFile'>;
  return Object.freeze({ ...settings, auth: authFile === null ? null : readAuthFile(authFile) }) as HubOptions;
}

const KNOWN_KEYS: readonly string[] = [...Object.keys(SERVE_OPTIONS), ...Object.keys(SECTIONS)];
const KNOWN_NAMES: ReadonlySet<string> = new Set(Object.keys(SERVE_OPTIONS).map(environmentNameOf));
/** The file itself, and what a shell holds that also runs clients of a hub. */
const OTHERS_NAMES: ReadonlySet<string> = new Set([
  'AURALIS_CONFIG',
  'AURALIS_TOKEN',
  'AURALIS_HUB_URL',
  'AURALIS_STREAM',
]);

function firstGiven(spec: OptionSpec<unknown>, places: readonly (readonly [place: string, found: unknown])[]): unknown {
  for (const [place, found] of places) {
    if (found === undefined) continue;
    const value = spec.parse(found);
    if (value === undefined) throw new ConfigError(`${place}: ${spec.allowed}, not ${JSON.stringify(found)}`);
    return value;
  }
  return spec.default;
}
