import { variablesOf } from '../config/environment.js';
import { readConfigFile } from '../config/file.js';
import { byName, type Place, within } from '../config/place.js';
import { notifierWarnings } from '../notify/warnings.js';
import { type ConfigSources, environmentNameOf } from './config.js';
import type { HubOptions } from './options.js';

/**
 * Return what is doubtful in settings that a hub would start with, each with its place and the fix. `options`: what
 * `loadOptions` makes of the same sources, which have no flags.
 */
export function configWarnings({ environment, file }: ConfigSources, options: HubOptions): string[] {
  const variables = variablesOf(environment);
  const path = file ?? variables.AURALIS_CONFIG;
  const { settings, place } = path === undefined ? { settings: {}, place: byName } : readConfigFile(path, 'port: 9000');
  const placeOf: Place = ([key, ...rest]) => {
    const variable = environmentNameOf(String(key));
    return variables[variable] === undefined ? place([key as string, ...rest]) : variable;
  };
  const { notifiers } = settings as { readonly notifiers?: unknown };
  return [...contradictions(options, placeOf), ...notifierWarnings(notifiers, within(place, 'notifiers'))];
}

function contradictions({ authFile, insecureAnonymous, reporterFile, reporterIntervalS }: HubOptions, place: Place) {
  const found: string[] = [];
  if (authFile !== null && insecureAnonymous) {
    found.push(
      `${place(['insecureAnonymous'])}: changes nothing beside an auth file, which says what is allowed without a token: leave it out`,
    );
  }
  if (reporterFile !== null && reporterIntervalS === 0) {
    found.push(`${place(['reporterFile'])}: nothing is written there, because reporterIntervalS is 0`);
  }
  return found;
}
