import type { Place } from '../config/place.js';

/** Keys of notifiers whose values are secrets; a `url` may hold one. */
const SECRET_KEYS: readonly string[] = ['secret', 'password', 'bearer', 'token', 'routingKey', 'url'];
/** Services whose address is all that one needs to post there. */
const SECRET_ADDRESSES: readonly unknown[] = ['slack', 'discord'];
const SECRET_PARAMETER = /key|token|secret|sig|auth|pass/i;
/** A part of a path that no person has chosen: long, with digits. */
const RANDOM_PART = /^(?=.*\d)[A-Za-z0-9_-]{20,}$/;

const IMPLICIT_TLS_PORT = 465;
const STARTTLS_PORT = 587;

type Given = Readonly<Record<string, unknown>>;

/**
 * Return what is doubtful in a `notifiers` section that is allowed: secrets that stand in the file, and ports of the
 * other kind of TLS. No value is shown. `place`: where the section stands.
 */
export function notifierWarnings(found: unknown, place: Place): string[] {
  const notifiers = Object.entries((found ?? {}) as Readonly<Record<string, Given>>);
  return notifiers.flatMap(([name, given]) => {
    const secrets = SECRET_KEYS.flatMap((key) => {
      const doubt = secretDoubt(name, key, given);
      return doubt === null ? [] : [`${place([name, key])}: ${doubt}`];
    });
    const port = portDoubt(given);
    return port === null ? secrets : [...secrets, `${place([name, 'port'])}: ${port}`];
  });
}

/** Return what is doubtful about a secret, and the fix; null for a reference, or an address without a secret. */
function secretDoubt(name: string, key: string, given: Given): string | null {
  const value = given[key];
  if (typeof value !== 'string' || /^\$\{[^}]+\}$/.test(value)) return null;
  if (/^\$[A-Z_][A-Z0-9_]*$/.test(value)) return `is taken as it stands; a variable is written \${NAME}`;
  if (value.includes(`\${`))
    return `\${NAME} stands for a whole value, and this is taken as it stands: put all of it into a variable`;
  if (key === 'url' && !isSecretAddress(given.type, value)) return null;
  return `a secret stands in the file: put it into the environment, and write \${${variableOf(name, key)}} here`;
}

function isSecretAddress(type: unknown, value: string): boolean {
  const { password, searchParams, pathname } = new URL(value);
  const isKeyed = [...searchParams.keys()].some((parameter) => SECRET_PARAMETER.test(parameter));
  const isRandom = pathname.split('/').some((part) => RANDOM_PART.test(part));
  return SECRET_ADDRESSES.includes(type) || password !== '' || isKeyed || isRandom;
}

/** `ONCALL_ROUTING_KEY` for the `routingKey` of `oncall`. */
function variableOf(name: string, key: string): string {
  return `${name}_${key.replace(/[A-Z]/g, '_$&')}`.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
}

function portDoubt({ type, port = STARTTLS_PORT, secure = false }: Given): string | null {
  if (type !== 'email') return null;
  if (secure === true && port === STARTTLS_PORT) {
    return `${STARTTLS_PORT} begins without TLS, which \`secure: true\` contradicts: ${IMPLICIT_TLS_PORT}, or secure: false`;
  }
  if (secure === false && port === IMPLICIT_TLS_PORT) {
    return `${IMPLICIT_TLS_PORT} begins with TLS, which \`secure: false\` contradicts: secure: true, or ${STARTTLS_PORT}`;
  }
  return null;
}
