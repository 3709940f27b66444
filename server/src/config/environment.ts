export type Environment = Readonly<Record<string, string | undefined>>;

/** The address of a Service, as Kubernetes writes it into each container of the namespace. */
const SERVICE_ADDRESS = /^(?:tcp|udp|sctp):\/\//;
/** More variables of a Service. */
const SERVICE_NAME = /_SERVICE_HOST$|_SERVICE_PORT(?:_|$)|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_|$)/;

/**
 * Settings among the variables of an environment. Empty variables are unset. Kubernetes sets `AURALIS_PORT=tcp://…`
 * and more if a Service is called *auralis*; those are no settings.
 */
export function variablesOf(environment: Environment): Environment {
  const isOurs = ([name, value]: [string, string | undefined]) => value !== '' && !isServiceLink(name, value);
  return Object.fromEntries(Object.entries(environment).filter(isOurs));
}

/**
 * Return a line that names the variables of a Service, for whoever wonders why they change nothing; null without any.
 */
export function ignoredVariables(environment: Environment): string | null {
  const names = Object.keys(environment).filter((name) => isServiceLink(name, environment[name]));
  if (names.length === 0) return null;
  return `variables of a Kubernetes Service ignored: ${names.toSorted().join(', ')}; enableServiceLinks: false omits them`;
}

function isServiceLink(name: string, value: string | undefined): boolean {
  return name.startsWith('AURALIS_') && (SERVICE_ADDRESS.test(value ?? '') || SERVICE_NAME.test(name));
}
