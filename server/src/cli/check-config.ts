import { Command } from 'commander';
import { ignoredVariables } from '../config/environment.js';
import { loadOptions } from '../hub/config.js';
import { configWarnings } from '../hub/config-warnings.js';

const EXAMPLES = `
Exit code 0 if the hub would start with it, 2 if not. Each fault gets a line with its file, line and
column, what was found and what is allowed. Warnings change no exit code: secrets that stand in the file, and
settings that contradict each other.
The environment counts too, as it does for serve. The auth file and the certificate that it names are looked at as
well.

Example:
  auralis-hub check-config hub.yaml
  AURALIS_AUTH_FILE=auth.yaml auralis-hub check-config
`;

export function checkConfigCommand(): Command {
  return new Command('check-config')
    .description('say whether a config file is good, and what is wrong with it')
    .argument('[FILE]', 'config file, YAML or JSON (AURALIS_CONFIG)')
    .addHelpText('after', EXAMPLES)
    .action((file: string | undefined) => {
      const ignored = ignoredVariables(process.env);
      if (ignored !== null) process.stderr.write(`auralis-hub: ${ignored}\n`);
      const sources = { flags: {}, environment: process.env, file };
      const options = loadOptions(sources);
      for (const warning of configWarnings(sources, options)) {
        process.stderr.write(`auralis-hub: warning: ${warning}\n`);
      }
      const { alerts, notifiers, auth, certificate } = options;
      const what = file ?? process.env.AURALIS_CONFIG ?? 'the environment';
      const counts = [`${alerts.rules.length} alert rules`, `${notifiers.length} notifiers`];
      if (auth !== null) counts.push(`${auth.tokens.length} tokens`);
      if (certificate !== null) counts.push(`a certificate for ${certificate.names}`);
      process.stdout.write(`${what} is good: ${counts.join(', ')}\n`);
    });
}
