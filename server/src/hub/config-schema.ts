import { alertsJsonSchema } from '../alerts/alert-settings.js';
import { notifiersJsonSchema } from '../notify/settings.js';
import { type OptionSpec, type SECTIONS, SERVE_OPTIONS } from './options.js';

const SECTION_SCHEMAS: Readonly<Record<keyof typeof SECTIONS, () => object>> = {
  alerts: alertsJsonSchema,
  notifiers: notifiersJsonSchema,
};

/**
 * JSON Schema of the config file, draft 7, which every editor knows. It never refuses what the hub takes.
 * `check-config` sees more: columns of tables, secrets that are not there, settings that contradict each other.
 */
export function configSchema(): object {
  const options = Object.entries<OptionSpec<unknown>>(SERVE_OPTIONS).map(([key, spec]) => {
    const { help: description, schema } = spec;
    return [key, { description, ...schema, ...(spec.default === null ? {} : { default: spec.default }) }] as const;
  });
  // A section with nothing but comments in it is null.
  const sections = Object.entries(SECTION_SCHEMAS).map(([key, schema]) => {
    return [key, { anyOf: [schema(), { type: 'null' }] }] as const;
  });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Config file of the Auralis Hub',
    type: ['object', 'null'],
    additionalProperties: false,
    properties: Object.fromEntries([...options, ...sections]),
  };
}
