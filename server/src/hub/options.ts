import { DEFAULT_MAX_OUTSTANDING_MS, DEFAULT_MAX_SHARE_PERCENT, DEFAULT_REPORT_INTERVAL_MS } from '@auralis/shared';
import { type AlertsSection, readAlertSettings } from '../alerts/alert-settings.js';
import type { AuthSettings } from '../auth/settings.js';
import { isAddressBlock } from '../http/proxies.js';
import { type NotifiersSection, readNotifierSettings } from '../notify/settings.js';
import type { HubCertificate } from './certificate.js';

/** A setting. `parse` takes text (a flag, the environment) or a value of a config file. */
export interface OptionSpec<Value> {
  readonly key: string;
  /** Name of its value in `--help`; '' for a flag without a value. */
  readonly value: string;
  readonly help: string;
  readonly default: Value;
  /** Allowed values, for an error message. */
  readonly allowed: string;
  /** JSON Schema of it in a config file; it refuses nothing that `parse` takes. */
  readonly schema: object;
  /** Return the value, or undefined if `found` is not allowed. */
  readonly parse: (found: unknown) => Value | undefined;
}

const TEXT = { type: 'string', minLength: 1 };

/**
 * Every setting of `serve`. `--max-clients`, `AURALIS_MAX_CLIENTS` and `maxClients` in a config file are the same.
 */
export const SERVE_OPTIONS = {
  host: text('host', 'ADDRESS', 'address to listen on', '127.0.0.1'),
  port: whole('port', 'N', 'port to listen on; 0 takes any free one', 8000, 0, 65_535),
  dataDir: text(
    'dataDir',
    'DIR',
    'directory for alerts, silences and history; created if it is missing',
    './auralis-data',
  ),
  maxClients: whole(
    'maxClients',
    'N',
    'listeners at once; more are refused with 503 and counted',
    10_000,
    1,
    1_000_000,
  ),
  maxSharePercent: whole(
    'maxSharePercent',
    'PERCENT',
    'largest share of each kind of place (listeners, dashboards, streams, channels, raised alerts) for one address or token',
    DEFAULT_MAX_SHARE_PERCENT,
    1,
    100,
  ),
  maxOutstandingMs: whole(
    'maxOutstandingMs',
    'MS',
    'audio a listener may have outstanding before chunks are dropped for it',
    DEFAULT_MAX_OUTSTANDING_MS,
    100,
    60_000,
  ),
  reportIntervalMs: whole(
    'reportIntervalMs',
    'MS',
    'how often listeners are asked to report, unless their status or the load asks for another interval',
    DEFAULT_REPORT_INTERVAL_MS,
    250,
    60_000,
  ),
  gpuIntervalS: whole(
    'gpuIntervalS',
    'S',
    'seconds between readings of nvidia-smi; 0 reads no GPU, so that GPUs may sleep',
    1,
    0,
    3600,
  ),
  publicUrl: url(
    'publicUrl',
    'URL',
    'URL of the hub behind a proxy, with its path; the hub accepts requests to its host',
  ),
  authFile: path(
    'authFile',
    'FILE',
    'tokens and their roles (YAML); clients then need a token; `auralis-hub token` makes one; read again on SIGHUP',
  ),
  insecureAnonymous: flag(
    'insecureAnonymous',
    'listen beyond loopback without an auth file: anyone who reaches the hub may listen, publish and read',
  ),
  tlsCert: path(
    'tlsCert',
    'FILE',
    'certificate with its chain (PEM): serve https and wss only; read again when it changes, and on SIGHUP',
  ),
  tlsKey: path('tlsKey', 'FILE', 'private key of the certificate (PEM, not encrypted); read again with it'),
  trustProxy: blocks(
    'trustProxy',
    'CIDR,…',
    'proxies whose X-Forwarded-For is trusted: addresses or blocks of addresses',
  ),
  reporterIntervalS: whole(
    'reporterIntervalS',
    'S',
    'seconds between two lines of metrics in the log; 0 writes none',
    10,
    0,
    3600,
  ),
  reporterFile: path('reporterFile', 'FILE', 'file for these lines too; rotated at 10 MB, with five old files kept'),
  transport: choice('transport', 'WebSocket server to run on; auto takes uWebSockets if it loads', 'auto', [
    'auto',
    'uws',
    'ws',
  ]),
  logLevel: choice('logLevel', 'how much to log', 'info', ['trace', 'debug', 'info', 'warn', 'error', 'silent']),
  logFormat: choice('logFormat', 'lines for people or for programs', 'pretty', ['pretty', 'json']),
} as const;

/** Settings that only a config file holds, because they are maps and lists. Each reads its section, or undefined. */
export const SECTIONS = { alerts: readAlertSettings, notifiers: readNotifierSettings } as const;

type Specs = typeof SERVE_OPTIONS;
export type ServeOptionKey = keyof Specs;

type FlagOptions = { readonly [Key in ServeOptionKey]: Specs[Key] extends OptionSpec<infer Value> ? Value : never };

/** All settings of a hub, checked and frozen. */
export type HubOptions = FlagOptions & {
  readonly [Key in keyof typeof SECTIONS]: ReturnType<(typeof SECTIONS)[Key]>;
} & {
  /** Content of `authFile`, or null. */
  readonly auth: AuthSettings | null;
  /** Content of `tlsCert` and `tlsKey`, or null. */
  readonly certificate: HubCertificate | null;
};

/** Settings as a program gives them. Sections are those of a config file. */
export type GivenOptions = Partial<FlagOptions> & {
  readonly alerts?: AlertsSection;
  readonly notifiers?: NotifiersSection;
};

function text(key: string, value: string, help: string, otherwise: string): OptionSpec<string> {
  const parse = (found: unknown) => (typeof found === 'string' && found !== '' ? found : undefined);
  return { key, value, help, default: otherwise, allowed: 'text', schema: TEXT, parse };
}

function flag(key: string, help: string): OptionSpec<boolean> {
  const parse = (found: unknown) =>
    found === true || found === 'true' ? true : found === false || found === 'false' ? false : undefined;
  const schema = { enum: [true, false, 'true', 'false'] };
  return { key, value: '', help, default: false, allowed: 'true or false', schema, parse };
}

function whole(
  key: string,
  value: string,
  help: string,
  otherwise: number,
  min: number,
  max: number,
): OptionSpec<number> {
  const parse = (found: unknown) => {
    const number = typeof found === 'string' && /^\d{1,9}$/.test(found) ? Number(found) : found;
    return Number.isInteger(number) && (number as number) >= min && (number as number) <= max
      ? (number as number)
      : undefined;
  };
  const schema = { type: ['integer', 'string'], minimum: min, maximum: max, pattern: '^[0-9]{1,9}$' };
  return { key, value, help, default: otherwise, allowed: `a whole number from ${min} to ${max}`, schema, parse };
}

function path(key: string, value: string, help: string): OptionSpec<string | null> {
  const parse = (found: unknown) => (typeof found === 'string' && found !== '' ? found : undefined);
  return { key, value, help, default: null, allowed: 'the name of a file', schema: TEXT, parse };
}

function choice<const Value extends string>(
  key: string,
  help: string,
  otherwise: NoInfer<Value>,
  values: readonly Value[],
): OptionSpec<Value> {
  const parse = (found: unknown) => values.find((value) => value === found);
  const allowed = `one of ${values.join(', ')}`;
  return { key, value: values.join('|'), help, default: otherwise, allowed, schema: { enum: values }, parse };
}

function url(key: string, value: string, help: string): OptionSpec<string | null> {
  const parse = (found: unknown) =>
    typeof found === 'string' && /^https?:$/.test(URL.canParse(found) ? new URL(found).protocol : '')
      ? found
      : undefined;
  const schema = { type: 'string', pattern: '^\\s*[Hh][Tt][Tt][Pp][Ss]?:' };
  return { key, value, help, default: null, allowed: 'an http or https URL', schema, parse };
}

function blocks(key: string, value: string, help: string): OptionSpec<readonly string[]> {
  const parse = (found: unknown) => {
    const list: readonly unknown[] = typeof found === 'string' ? found.split(',').map((block) => block.trim()) : [];
    const given = Array.isArray(found) ? found : list;
    const isAllowed = given.length > 0 && given.every((block) => typeof block === 'string' && isAddressBlock(block));
    return isAllowed || (Array.isArray(found) && given.length === 0) ? (given as readonly string[]) : undefined;
  };
  const allowed = 'addresses or CIDR blocks, such as 127.0.0.1,10.0.0.0/8';
  const schema = { anyOf: [TEXT, { type: 'array', items: TEXT }] };
  return { key, value, help, default: [], allowed, schema, parse };
}
