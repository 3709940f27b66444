import { Command, InvalidArgumentError, Option } from 'commander';
import { stringify } from 'yaml';
import type { z } from 'zod';
import { ROLES, type Role } from '../auth/roles.js';
import { expiry, streamName, tokenName } from '../auth/settings.js';
import { digestOf, newToken } from '../auth/token.js';

const HELP = `
Roles:
  listener    receives audio and reports how it fares (/listen, CMCD)
  publisher   an engine, or a server that tells of itself (/publish, events, reports, raising alerts)
  viewer      reads all that the hub knows (dashboard, REST, Prometheus, top, tail)
  admin       everything: also closes connections, ends alerts, and silences them

The first line is the token, which is shown only now; the rest belongs into the auth file, under "tokens:". The hub reads that
when it starts (serve --auth-file), and again on SIGHUP.

Examples:
  auralis-hub token prometheus --role viewer
  auralis-hub token engine-main --role publisher --stream main --expires 2027-01-31
`;

interface Flags {
  readonly role: readonly Role[];
  readonly stream?: readonly string[];
  readonly expires?: string;
}

export function tokenCommand(): Command {
  return new Command('token')
    .description('make a token, and its entry for the auth file')
    .argument('<NAME>', 'what it is called in the auth file and in errors', checked(tokenName))
    .addHelpText('after', HELP)
    .addOption(
      new Option('--role <ROLE>', `${ROLES.join(', ')}; may be given several times`)
        .argParser(also(oneOf(ROLES)))
        .makeOptionMandatory(),
    )
    .option('--stream <S>', 'only for this stream; may be given several times', also(checked(streamName)))
    .option('--expires <DATE>', 'a day (its beginning, UTC) or a time, ISO 8601', checked(expiry))
    .action((name: string, flags: Flags, command: Command) => {
      const unbound = flags.role.find((role) => role === 'viewer' || role === 'admin');
      if (flags.stream !== undefined && unbound !== undefined) {
        command.error(
          `error: role ${unbound} is for all streams: leave --stream out, or make a token of its own for it`,
        );
      }
      process.stdout.write(sayToken(newToken(), name, flags));
    });
}

function sayToken(token: string, name: string, { role, stream, expires }: Flags): string {
  const sha256 = digestOf(token).toString('hex');
  const entry = { name, sha256, roles: role, ...(stream && { streams: stream }), ...(expires && { expires }) };
  return `${token}\n\n${stringify([entry], { flowCollectionPadding: false, collectionStyle: 'any' })}`;
}

function checked(schema: z.ZodType<string>): (text: string) => string {
  return (text) => {
    const { success, error } = schema.safeParse(text);
    if (success) return text;
    throw new InvalidArgumentError(`${error.issues[0]?.message}.`);
  };
}

function oneOf<Value extends string>(values: readonly Value[]): (text: string) => Value {
  return (text) => {
    const value = values.find((each) => each === text);
    if (value === undefined) throw new InvalidArgumentError(`one of ${values.join(', ')}.`);
    return value;
  };
}

function also<Value>(parse: (text: string) => Value): (text: string, before?: readonly Value[]) => readonly Value[] {
  return (text, before = []) => [...before, parse(text)];
}
