import { readFileSync } from 'node:fs';
import { z } from 'zod';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A secret setting: text, `${NAME}` for a variable of the environment, or `${file:/run/secrets/name}` for the content
 * of a file without white space at its ends. An error says what is allowed and never what was found.
 */
export function secret(environment: Environment, allowed: string, isAllowed: (value: string) => boolean) {
  const help = `${allowed}; or \${NAME} of the environment, or \${file:/run/secrets/name}`;
  const written = z.string().meta({ description: help, writeOnly: true });
  return written.transform((given, context) => {
    const refuse = (message: string) => {
      context.issues.push({ code: 'custom', message, input: given, params: { isSecret: true } });
      return z.NEVER;
    };
    const source = /^\$\{(file:)?([^}]+)\}$/.exec(given);
    if (source === null) return isAllowed(given) ? given : refuse(`${allowed} (what stands there is not shown)`);
    const [, isFile, name] = source as unknown as [string, string | undefined, string];
    let value: string | undefined;
    try {
      value = isFile === undefined ? environment[name] : readFileSync(name, 'utf8').trim();
    } catch (error) {
      return refuse(`${name} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
    }
    if (value === undefined) return refuse(`the environment has no ${name}`);
    return isAllowed(value) ? value : refuse(`${allowed} (what ${name} holds is not shown)`);
  });
}
