import { isatty } from 'node:tty';
import { Command, Option } from 'commander';
import { ignoredVariables } from '../config/environment.js';
import { environmentNameOf, flagOf, loadOptions } from '../hub/config.js';
import { type Hub, startHub } from '../hub/hub.js';
import { createLogger, INTERNAL_ERROR_LOG } from '../hub/log.js';
import { type OptionSpec, SERVE_OPTIONS } from '../hub/options.js';

const EXAMPLES = `
Each setting is also read from the environment (AURALIS_PORT) and from the config file, YAML or JSON (port: 9000);
a flag wins over the environment, the environment over the file.

Examples:
  auralis-hub serve                                   dashboard at http://127.0.0.1:8000/
  auralis-hub serve --host 0.0.0.0 --port 9000 --public-url https://hub.example.org --auth-file auth.yaml
  auralis-hub serve --tls-cert cert.pem --tls-key key.pem     dashboard at https://127.0.0.1:8000/
  auralis-hub serve --config hub.yaml --log-format json
`;

const STANDARD_STREAMS = [0, 1, 2];

export function serveCommand(): Command {
  const command = new Command('serve').description('run the hub').addHelpText('after', EXAMPLES);
  for (const [key, spec] of Object.entries<OptionSpec<unknown>>(SERVE_OPTIONS)) {
    const value = spec.value === '' ? '' : ` <${spec.value}>`;
    const option = new Option(`${flagOf(key)}${value}`, describe(key, spec));
    command.addOption(option);
  }
  command.option('--config <FILE>', 'config file, YAML or JSON (AURALIS_CONFIG)');
  return command.action(serve);
}

function describe(key: string, spec: OptionSpec<unknown>): string {
  const isNothing =
    spec.default === null || spec.default === false || (Array.isArray(spec.default) && spec.default.length === 0);
  const otherwise = isNothing ? '' : `, default ${spec.default}`;
  return `${spec.help} (${environmentNameOf(key)}${otherwise})`;
}

/** Runs until SIGTERM or SIGINT has drained it. SIGHUP has it read its auth file and certificate again. */
async function serve(flags: Readonly<Record<string, string | boolean>> & { readonly config?: string }): Promise<void> {
  const { config, ...settings } = flags;
  const options = loadOptions({ flags: settings, environment: process.env, file: config });
  const log = createLogger(options);
  const ignored = ignoredVariables(process.env);
  if (ignored !== null) log.info(ignored);
  const starting = startHub(options, log);
  if (options.authFile !== null || options.certificate !== null) reloadOnHangup(starting);
  // Before it listens: a supervisor may stop it as soon as it reads that it does.
  const stopped = stopOnSignal(starting);
  await starting;
  process.on('uncaughtException', (error) => log.error({ err: error }, INTERNAL_ERROR_LOG));
  process.on('unhandledRejection', (error) => log.error({ err: error }, INTERNAL_ERROR_LOG));
  await stopped;
  log.info('stopped');
}

/** Resolve when SIGTERM or SIGINT has ended the hub. */
function stopOnSignal(starting: Promise<Hub>): Promise<void> {
  return new Promise((resolve) => {
    // A hub that does not start has nothing to stop; its error ends the process.
    const stop = () => starting.then((hub) => hub.stop()).then(resolve, () => {});
    // A second signal changes nothing: a package manager passes on the Ctrl-C that the terminal has sent here too.
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}

/**
 * Have the hub read its files again on SIGHUP. A terminal that closes sends the same signal, and then the process ends
 * by it.
 */
function reloadOnHangup(starting: Promise<Hub>): void {
  const terminals = STANDARD_STREAMS.filter(isatty);
  const onHangup = () => {
    if (terminals.every(isatty)) {
      // A hub that does not start has nothing to read again.
      starting.then(
        (hub) => hub.reload(),
        () => {},
      );
      return;
    }
    process.off('SIGHUP', onHangup);
    process.kill(process.pid, 'SIGHUP');
  };
  process.on('SIGHUP', onHangup);
}
