import { Command, Option } from 'commander';
import { environmentNameOf, flagOf, loadOptions } from '../config.js';
import { startHub } from '../hub.js';
import { createLogger } from '../log.js';
import { type OptionSpec, SERVE_OPTIONS } from '../options.js';

const EXAMPLES = `
Each setting is also read from the environment (AURALIS_PORT) and from the config file, YAML or JSON (port: 9000);
a flag wins over the environment, the environment over the file.

Examples:
  auralis-hub serve                                   dashboard at http://127.0.0.1:8000/
  auralis-hub serve --host 0.0.0.0 --port 9000 --public-url https://hub.example.org
  auralis-hub serve --config hub.yaml --log-format json
`;

export function serveCommand(): Command {
  const command = new Command('serve').description('run the hub').addHelpText('after', EXAMPLES);
  for (const [key, spec] of Object.entries<OptionSpec<unknown>>(SERVE_OPTIONS)) {
    const option = new Option(`${flagOf(key)} <${spec.value}>`, describe(key, spec));
    command.addOption(option);
  }
  command.option('--config <FILE>', 'config file, YAML or JSON (AURALIS_CONFIG)');
  return command.action(serve);
}

function describe(key: string, spec: OptionSpec<unknown>): string {
  const isNothing = spec.default === null || (Array.isArray(spec.default) && spec.default.length === 0);
  const otherwise = isNothing ? '' : `, default ${spec.default}`;
  return `${spec.help} (${environmentNameOf(key)}${otherwise})`;
}

/** Runs until SIGTERM or SIGINT has drained it. */
async function serve(flags: Readonly<Record<string, string>>): Promise<void> {
  const { config, ...settings } = flags;
  const options = loadOptions({ flags: settings, environment: process.env, file: config });
  const log = createLogger(options);
  const hub = await startHub(options, log);
  process.on('uncaughtException', (error) => log.error({ err: error }, 'a fault inside the hub'));
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a fault inside the hub'));
  await new Promise<void>((resolve) => {
    const stop = () => hub.stop().then(resolve);
    // A second signal changes nothing: a package manager passes on the Ctrl-C that the terminal has sent here too.
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
  log.info('stopped');
}
