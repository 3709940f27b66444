import { readAuthFile } from '../auth/settings.js';
import { type Environment, variablesOf } from '../config/environment.js';
import { ConfigError, Problems } from '../config/error.js';
import { type ConfigFile, readConfigFile } from '../config/file.js';
import { byName, within } from '../config/place.js';
import { assertKnown } from '../config/section.js';
import { isLoopback } from '../http/guard.js';
import { type HubCertificate, readCertificate } from './certificate.js';
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
  /** The value of each flag, by key. A flag that was not given is undefined. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Environment;
  /** Path of the config file (YAML or JSON), or undefined. */
  readonly file: string | undefined;
}

export const flagOf = (key: string) => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
export const environmentNameOf = (key: string) => `AURALIS_${key.replace(/[A-Z]/g, '_$&').toUpperCase()}`;

/**
 * Return settings: flags over environment over file over defaults.
 * @throws ConfigError that lists everything that is not allowed
 */
export function loadOptions(sources: ConfigSources): HubOptions {
  const { flags } = sources;
  const environment = variablesOf(sources.environment);
  const path = sources.file ?? environment.AURALIS_CONFIG;
  const problems = new Problems();
  const file = path === undefined ? NO_FILE : (problems.try(() => readConfigFile(path, 'port: 9000')) ?? NO_FILE);
  const { settings, place } = file;
  problems.try(() => assertKnown(Object.keys(settings), KNOWN_KEYS, place));
  for (const name of Object.keys(environment)) {
    if (name.startsWith('AURALIS_') && !KNOWN_NAMES.has(name) && !OTHERS_NAMES.has(name)) {
      problems.add(`${name}: unknown; known are ${[...KNOWN_NAMES].join(', ')}`);
    }
  }
  const placesOf = (key: string) =>
    [
      [flagOf(key), flags[key]],
      [environmentNameOf(key), environment[environmentNameOf(key)]],
      [place([key]), settings[key]],
    ] as const;
  return checked(placesOf, file, environment, problems);
}

const NO_FILE: ConfigFile = { settings: {}, place: byName };

/**
 * Check settings that a program gives, like those of a config file.
 * @throws ConfigError
 */
export function checkOptions(given: GivenOptions): HubOptions {
  const problems = new Problems();
  problems.try(() => assertKnown(Object.keys(given), KNOWN_KEYS, byName));
  const placesOf = (key: string) => [[key, given[key as ServeOptionKey] ?? undefined]] as const;
  return checked(placesOf, { settings: { ...given }, place: byName }, process.env, problems);
}

/**
 * Return settings with sections, auth file and certificate read.
 * @throws ConfigError that lists everything that is not allowed, `problems` included
 */
function checked(
  placesOf: (key: string) => readonly (readonly [place: string, found: unknown])[],
  { settings, place }: ConfigFile,
  environment: Environment,
  problems: Problems,
): HubOptions {
  const options = Object.entries<OptionSpec<unknown>>(SERVE_OPTIONS).map(([key, spec]) => {
    return [key, problems.try(() => firstGiven(spec, placesOf(key)))] as const;
  });
  const sections = Object.entries(SECTIONS).map(([key, read]) => {
    return [key, problems.try<unknown>(() => read(settings[key], within(place, key), environment))] as const;
  });
  const read = Object.fromEntries([...options, ...sections]);
  const { authFile } = read as Pick<HubOptions, 'authFile'>;
  const auth = authFile ? problems.try(() => readAuthFile(authFile)) : null;
  const certificate = problems.try(() => certificateOf(read as HubOptions));
  problems.try(() => assertGuarded(read as HubOptions));
  problems.assertNone();
  return Object.freeze({ ...read, auth, certificate }) as HubOptions;
}

/** @throws ConfigError if one of the two files is missing or faulty */
function certificateOf({ tlsCert, tlsKey }: HubOptions): HubCertificate | null {
  // A name that is not allowed has been refused already.
  if (tlsCert === undefined || tlsKey === undefined) return null;
  if (tlsCert !== null && tlsKey !== null) return readCertificate(tlsCert, tlsKey);
  if (tlsCert === null && tlsKey === null) return null;
  const [given, missing] = tlsCert === null ? ['tlsKey', 'tlsCert'] : ['tlsCert', 'tlsKey'];
  throw new ConfigError(`${missing}: missing beside ${given}: give both --tls-cert and --tls-key, or neither`);
}

/**
 * Refuse a hub that anyone on a network could use, unless that is confirmed.
 * @throws ConfigError
 */
function assertGuarded({ host, authFile, insecureAnonymous }: HubOptions): void {
  if (host === undefined || isLoopback(host) || authFile !== null || insecureAnonymous) return;
  throw new ConfigError(
    `host: ${host} is reached from other machines, and without an auth file anyone there may listen, publish and read: ` +
      'give --auth-file, or listen on 127.0.0.1, or say --insecure-anonymous if that is what you want',
  );
}

const KNOWN_KEYS: readonly string[] = [...Object.keys(SERVE_OPTIONS), ...Object.keys(SECTIONS)];
const KNOWN_NAMES: ReadonlySet<string> = new Set(Object.keys(SERVE_OPTIONS).map(environmentNameOf));
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
